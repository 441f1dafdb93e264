"""What was ever sent by which mapping, as far as an older store can tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headcount.control.models import Lineage, Run, Sync
from headcount.service.lineage import note
from tests.control.sample import make_run
from tests.control.schemas import as_of


def _snapshot(column: str) -> dict[str, Any]:
    definition = {"mappings": [{"from": column, "to": "contact"}], "triggers": {"every": "1h"}}
    return {
        "sync": {"key": "users", "name": "Users", "definition": definition, "stream_id": "s"},
        "model": {"key": "users", "definition": {"table": "t"}},
    }


def _ran(run: Run, column: str, **counts: int) -> None:
    Run.objects.filter(pk=run.pk).update(
        sync_snapshot=_snapshot(column), fingerprint=column, counts={"add": 3, "change": 0, **counts}
    )


def _upgraded() -> list[Lineage]:
    with as_of("0022_newest_runs"):
        pass
    return list(Lineage.objects.order_by("pk"))


def test_an_older_store_learns_from_its_runs_what_was_sent(home: Path) -> None:
    first = make_run()
    sync = first.sync
    Sync.objects.filter(pk=sync.pk).update(acknowledged=3)
    _ran(first, "email")
    for column in ("email", "visits"):
        _ran(Run.objects.create(sync=sync), column, change=2)
    found = _upgraded()
    made = [way.made_of["sync"]["definition"]["mappings"][0]["from"] for way in found]
    assert sorted(made) == ["email", "visits"]
    note(sync, _snapshot("email"))  # known already
    assert Lineage.objects.count() == 2


def test_where_the_first_load_is_not_kept_any_more_there_are_ways_that_nobody_knows(home: Path) -> None:
    run = make_run()
    Sync.objects.filter(pk=run.sync.pk).update(acknowledged=3)
    _ran(run, "email", change=2)
    assert sorted(bool(way.made_of) for way in _upgraded()) == [False, True]


def test_a_sync_that_never_sent_anything_has_no_lineage(home: Path) -> None:
    make_run()
    assert _upgraded() == []
