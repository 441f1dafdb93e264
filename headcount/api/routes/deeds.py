"""What is to happen with syncs and runs: trigger, approve, pause, resume, retry, send one row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest
from ninja import Body, Query, Router, Schema
from pydantic import Field

from headcount.api.bearer import allowed
from headcount.api.envelope import LARGEST, Number, One, answers
from headcount.api.shapes.progress import Progress, progress
from headcount.api.shapes.run import SyncRun, Triggered, sync_run, triggered
from headcount.api.shapes.strict import Strict
from headcount.api.shapes.sync import Sync, sync
from headcount.api.trouble import Mistaken, as_conflict
from headcount.service import starting_runs
from headcount.service.editing import pause_sync as pause
from headcount.service.register import runs, syncs
from headcount.service.rejections import keys_to_retry
from headcount.service.roles import Deed
from headcount.service.triggering import trigger
from headcount.service.watching import progress_of

router = Router(tags=["Runs"], by_alias=True)

Key = Field(min_length=1, max_length=1000, description="The record's identifier, as the workspace knows it.")


class TriggerWish(Schema):
    """How a sync shall run."""

    force_full_sync: bool = Field(False, description="Send every record, changed or not.")


class Record(Strict):
    """One record."""

    identifier: str = Key


class Held(Strict):
    """Which held rows are meant: those of a group, those with these identifiers, or, when nothing is said, all that
    nobody muted. Of a group the open ones are meant, and its muted ones when none is open.
    """

    group_id: int | None = Field(None, ge=1, le=LARGEST)
    identifiers: list[str] | None = Field(None, min_length=1, max_length=10_000)


class Approval(Strict):
    """A run that removes records wants the name of its sync, as proof that the removal is meant."""

    name: str = ""


@router.get("/sync_runs/{sync_run_id}/progress", auth=allowed(Deed.LOOK), response=answers(One[Progress]))
def fetch_progress(request: HttpRequest, sync_run_id: Number) -> Any:
    """How far a run is, at most about a second ago."""
    return {"data": progress(progress_of(sync_run_id))}


@router.post("/sync_runs/{sync_run_id}/approve", auth=allowed(Deed.RUN), response=answers(One[SyncRun]))
def approve_run(request: HttpRequest, sync_run_id: Number, approval: Body[Approval | None] = None) -> Any:
    """Let a run pass the guard that stopped it. One that removes records wants ``{"name": …}``, that of its sync."""
    with as_conflict(), _name_as_field():
        starting_runs.approve(sync_run_id, named=approval.name if approval else "")
    return _run(sync_run_id)


@contextmanager
def _name_as_field() -> Iterator[None]:
    """The name that proves an intent is a field of the body, and no state of things."""
    try:
        yield
    except starting_runs.NotNamed as error:
        hint = f"Send {json.dumps({'name': error.name}, ensure_ascii=False)}."
        raise Mistaken([(("name",), error.message, hint)]) from error


@router.post("/sync_runs/{sync_run_id}/pause", auth=allowed(Deed.RUN), response=answers(One[SyncRun]))
def pause_sync_run(request: HttpRequest, sync_run_id: Number) -> Any:
    """Let a run rest."""
    with as_conflict():
        starting_runs.pause(sync_run_id)
    return _run(sync_run_id)


@router.post("/sync_runs/{sync_run_id}/resume", auth=allowed(Deed.RUN), response=answers(One[SyncRun]))
def resume_sync_run(request: HttpRequest, sync_run_id: Number) -> Any:
    """Let a paused run go on where it stopped."""
    with as_conflict():
        starting_runs.resume(sync_run_id)
    return _run(sync_run_id)


def _run(number: int) -> dict[str, Any]:
    return {"status": "updated", "data": sync_run(runs.run(number))}


@router.post("/syncs/{sync_id}/pause", auth=allowed(Deed.RUN), response=answers(One[Sync]))
def pause_sync(request: HttpRequest, sync_id: Number) -> Any:
    """Keep schedules from starting a sync. Whoever triggers it still does."""
    return _paused(sync_id, paused=True)


@router.post("/syncs/{sync_id}/resume", auth=allowed(Deed.RUN), response=answers(One[Sync]))
def resume_sync(request: HttpRequest, sync_id: Number) -> Any:
    """Let schedules start a sync again."""
    return _paused(sync_id, paused=False)


def _paused(number: int, *, paused: bool) -> dict[str, Any]:
    pause(syncs.key_of(number), paused=paused)
    return {"status": "updated", "data": sync(syncs.sync(number))}


@router.post("/syncs/{sync_id}/retry", auth=allowed(Deed.RUN), response=answers(One[Triggered]))
def retry_held(request: HttpRequest, sync_id: Number, held: Body[Held | None] = None) -> Any:
    """Send held rows again, with the values they have by then; muted ones only when they are named."""
    key = syncs.key_of(sync_id)
    with as_conflict():
        return {"data": triggered(starting_runs.retry(key, _keys(key, held)))}


def _keys(sync: str, held: Held | None) -> list[str] | None:
    if held is not None and held.group_id is not None:
        return keys_to_retry(sync, group=held.group_id)
    return held.identifiers if held is not None else None


@router.post("/syncs/{sync_id}/test", auth=allowed(Deed.RUN), response=answers(One[Triggered]))
def send_one_row(request: HttpRequest, sync_id: Number, record: Record) -> Any:
    """Send one row of the source, whether it changed or not, as a run of its own."""
    return {"data": triggered(starting_runs.test(syncs.key_of(sync_id), record.identifier))}


@router.post("/syncs/{sync_id}/trigger", auth=allowed(Deed.RUN), response=answers(One[Triggered]))
def trigger_sync(
    request: HttpRequest, sync_id: Number, wish: Query[TriggerWish], body: Body[TriggerWish | None] = None
) -> Any:
    """Run a sync. Answers at once with the number of the run; ``GET /sync_runs/{id}`` tells how it goes.

    ``force_full_sync`` may stand in the address or in the body. A run that is queued already is not queued twice.
    """
    full = wish.force_full_sync or (body is not None and body.force_full_sync)
    return {"data": triggered(trigger(syncs.key_of(sync_id), full=full))}
