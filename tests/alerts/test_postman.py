"""Workers in processes of their own, one of which is killed between the end of a run and its message."""

from __future__ import annotations

import pytest

from headcount.control.models import Delivery, Run
from headcount.service.alerts import Wish, save_rule
from headcount.service.outlets import add_channel, add_webhook
from headcount.service.queue import queue_run
from headcount.service.watching import progress_of
from tests.alerts.receiver import Receiver
from tests.journeys.desk import wait_for
from tests.worker.floor import Floor

BREAK, MEND = "ALTER TABLE users RENAME TO gone", "ALTER TABLE gone RENAME TO users"


def test_a_worker_sends_what_a_run_has_to_tell(floor: Floor, receiver: Receiver) -> None:
    add_channel("Ops", receiver.apprise)
    add_webhook("Pager", receiver.url, ["run.failed", "run.completed"])
    worker = floor.ready_worker()
    floor.desk.sql(BREAK)
    floor.ended(queue_run("people"))
    wait_for(lambda: len(receiver.got) == 2, seconds=20)
    floor.desk.sql(MEND)
    floor.ended(queue_run("people"))
    wait_for(lambda: len(receiver.got) == 4, seconds=20)
    assert receiver.titles() == ["Users to People: a run failed", "Users to People: recovered"]
    assert receiver.events() == ["run.failed", "run.completed"]
    worker.terminate()
    assert "tOkEn" not in "".join(worker.communicate(timeout=40))


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_worker_killed_before_it_sent_loses_no_alert(floor: Floor, receiver: Receiver) -> None:
    add_channel("Ops", receiver.apprise)
    receiver.slow = 30  # the first worker never hears what came of it
    worker = floor.ready_worker()
    floor.desk.sql(BREAK)
    run = queue_run("people")
    wait_for(lambda: Delivery.objects.filter(run=run, tries=1).exists())
    floor.kill(worker)
    assert progress_of(run).status == "failed"
    receiver.slow = 0
    Delivery.objects.update(due_at=Run.objects.get().created_at)  # as if its time alone with it were over
    floor.ready_worker()
    wait_for(lambda: Delivery.objects.get().status == "sent", seconds=20)
    assert "Users to People: a run failed" in receiver.titles()


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_run_that_takes_long_is_told_while_it_works(floor: Floor, receiver: Receiver) -> None:
    add_channel("Ops", receiver.apprise)
    save_rule(Wish(kind="long", threshold=1))
    floor.desk.workspace.slow(20)
    run = queue_run("people")
    floor.ready_worker()
    floor.reached(run, "sending")
    began = Run.objects.get().started_at
    assert began
    Run.objects.update(started_at=began.replace(year=began.year - 1))
    wait_for(lambda: receiver.titles() == ["Users to People: a run takes long"], seconds=40)
    assert progress_of(run).status == "working"
    floor.desk.workspace.heal()
