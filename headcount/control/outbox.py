"""Messages that wait to be sent: written where something happens, taken by whoever sends them."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Exists, OuterRef, Q

from headcount.control.models import Delivery, Outlet, Run
from headcount.control.models.outlet import new_uid

EVENTS = (
    "run.started",
    "run.completed",
    "run.failed",
    "run.waiting",
    "run.canceled",
    "run.skipped",
    "run.superseded",
    "alert.raised",
    "alert.resolved",
)
TEST = "test"
ALONE = timedelta(seconds=90)  # a try is over by then, or whoever made it is gone
FIRST_WAIT, LONGEST_WAIT, TRIES = 4, 3600, 13  # seconds between tries: 4, 8, 16, … up to an hour, twice that
AT_ONCE = 20  # messages to one outlet, before others have their turn


def publish(event: str, run: Run, now: datetime, **more: Any) -> None:
    """A message for every webhook that wants the event."""
    hooks = Outlet.objects.filter(kind=Outlet.Kind.WEBHOOK)
    for hook in hooks:
        if not hook.events or event in hook.events:
            post(hook, event, {"sync": _sync(run), "run": _run(run), **more}, now, run=run)


def post(
    outlet: Outlet, event: str, content: dict[str, Any], now: datetime, run: Run | None = None
) -> Delivery:
    """Put one message there. What a webhook is sent also says which message it is, and when it was written."""
    uid = new_uid()
    if outlet.kind == Outlet.Kind.WEBHOOK:
        content = {"id": uid, "event": event, "created_at": now, **content}
    delivery: Delivery = Delivery.objects.create(
        uid=uid,
        outlet=outlet,
        event=event,
        sync=run.sync.key if run else "",
        run=run,
        body=json.dumps(content, cls=DjangoJSONEncoder, ensure_ascii=False),
        due_at=now,
    )
    return delivery


def link(run: int | None) -> str:
    """The run's page; empty when nobody said where the pages are."""
    base = os.environ.get("HEADCOUNT_PUBLIC_URL", "").rstrip("/")
    return f"{base}/runs/{run}/" if base and run else ""


def due_outlets(now: datetime) -> list[int]:
    """Outlets that something waits for."""
    due = Delivery.objects.filter(status=Delivery.Status.WAITING, due_at__lte=now)
    return list(due.order_by().values_list("outlet_id", flat=True).distinct())


def due(outlet: int, now: datetime) -> list[Delivery]:
    """The oldest messages that one outlet should have by now. No recovery is among them while what was before it is on
    its way, or tried again later: it would read as if the trouble had come back.
    """
    waiting = Delivery.objects.filter(outlet=outlet, status=Delivery.Status.WAITING)
    earlier = waiting.filter(
        event="alert.raised", sync=OuterRef("sync"), id__lt=OuterRef("id"), due_at__gt=now
    )
    early = Q(Exists(earlier), event="alert.resolved")
    return list(waiting.filter(~early, due_at__lte=now).select_related("outlet").order_by("id")[:AT_ONCE])


def take(delivery: Delivery, now: datetime) -> bool:
    """Have it alone for a while; False when somebody else was quicker. It comes back when that time is over."""
    same = Delivery.objects.filter(
        pk=delivery.pk, status=Delivery.Status.WAITING, tries=delivery.tries, due_at=delivery.due_at
    )
    mine = bool(same.update(tries=delivery.tries + 1, due_at=now + ALONE))
    delivery.tries += mine
    return mine


def sent(delivery: Delivery, now: datetime) -> None:
    """It has arrived."""
    _became(delivery, status=Delivery.Status.SENT, sent_at=now, error="")


def refused(delivery: Delivery, words: str, now: datetime) -> None:
    """It has not; it is tried again later, unless that was done often enough."""
    if delivery.tries >= TRIES:
        _became(delivery, status=Delivery.Status.FAILED, error=words)
    else:
        _became(delivery, due_at=now + wait_after(delivery.tries), error=words)


def wait_after(tries: int) -> timedelta:
    """How long until the next try."""
    return timedelta(seconds=min(FIRST_WAIT * 2 ** (tries - 1), LONGEST_WAIT))


def again(delivery: Delivery, now: datetime) -> None:
    """Send it once more, under the same number, with all its tries before it."""
    _became(delivery, status=Delivery.Status.WAITING, tries=0, due_at=now, error="")


def _became(delivery: Delivery, **values: Any) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(**values)
    for name, value in values.items():
        setattr(delivery, name, value)


def _sync(run: Run) -> dict[str, str]:
    return {"key": run.sync.key, "name": run.sync.name}


def _run(run: Run) -> dict[str, Any]:
    return {
        "id": run.pk,
        "status": run.status,
        "kind": run.kind,
        "trigger": run.trigger,
        "full": run.full,
        "counts": run.counts,
        "error": run.error,
        "hint": run.hint,
        "scheduled_for": run.scheduled_for,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "url": link(run.pk),
    }
