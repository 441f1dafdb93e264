"""The records of a run, and one record's story. Identifiers travel in bodies: addresses end in too many logs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import orjson
from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router
from pydantic import Field

from headcount.api.bearer import allowed
from headcount.api.envelope import After, Number, One, Some, answers, some
from headcount.api.shapes.record import FATES, Counted, RunRecord, Story, run_record, story
from headcount.api.shapes.strict import Strict
from headcount.service.plan_rows import Filter, Kept, all_rows, plan_of_run, rows_of_run, shared_in
from headcount.service.records import find_record, record_story
from headcount.service.register import runs, syncs
from headcount.service.roles import Deed
from headcount.service.shared_values import Shared

router = Router(tags=["Records"])

Status = Literal["succeeded", "rejected", "in_doubt", "unsent"]
Operation = Literal["add", "change", "remove"]


class WantedRecords(After):
    """Which changes of a run: all that fit."""

    status: Status | None = None
    operation: Operation | None = None
    field: str | None = Field(None, max_length=300, description="Only changes of this field.")


class Search(Strict):
    """One record of a run."""

    primary_identifier: str = Field(min_length=1, max_length=1000)


@router.get("/sync_runs/{sync_run_id}/records", auth=allowed(Deed.LOOK), response=answers(Some[RunRecord]))
def list_records(request: HttpRequest, sync_run_id: Number, wanted: Query[WantedRecords]) -> Any:
    """The changes of a run, each with what became of it. With ``status``, a part may be empty and yet have a next."""
    runs.run(sync_run_id)
    place = -1 if wanted.after is None else wanted.after
    return some(rows_of_run(sync_run_id, _filter(wanted), after=place).rows, run_record)


@router.post(
    "/sync_runs/{sync_run_id}/records/search", auth=allowed(Deed.LOOK), response=answers(Some[RunRecord])
)
def search_records(request: HttpRequest, sync_run_id: Number, wanted: Search) -> Any:
    """The change of one record in a run."""
    record = find_record(syncs.key_of(runs.run(sync_run_id).sync), wanted.primary_identifier)
    return some(rows_of_run(sync_run_id, Filter(record=record)).rows, run_record)


@router.get("/sync_runs/{sync_run_id}/records/count", auth=allowed(Deed.LOOK), response=answers(One[Counted]))
def count_records(request: HttpRequest, sync_run_id: Number) -> Any:
    """How many changes a run has, by what became of them."""
    counts = runs.run(sync_run_id).counts
    names = {"succeeded": "accepted", "rejected": "rejected", "in_doubt": "in_doubt", "unsent": "unsent"}
    fates = {theirs: counts.get(ours, 0) for theirs, ours in names.items()}
    return {"data": {"total": sum(fates.values()), **fates}}


@router.get(
    "/sync_runs/{sync_run_id}/records/export",
    auth=allowed(Deed.LOOK),
    response={200: None, **answers(None)},
)
def export_records(request: HttpRequest, sync_run_id: Number, wanted: Query[WantedRecords]) -> Any:
    """All changes of a run, one JSON object a line."""
    runs.run(sync_run_id)
    lines = _lines(plan_of_run(sync_run_id), _filter(wanted))
    return StreamingHttpResponse(lines, content_type="application/x-ndjson")


@router.get("/sync_runs/{sync_run_id}/shared", auth=allowed(Deed.LOOK), response=answers(One[list[Shared]]))
def list_shared_of_run(request: HttpRequest, sync_run_id: Number) -> Any:
    """Examples of a run's rows that share an identifier, and are one person in a workspace that knows people by it."""
    runs.run(sync_run_id)
    return {"data": list(shared_in(plan_of_run(sync_run_id)))}


@router.post("/syncs/{sync_id}/records/search", auth=allowed(Deed.LOOK), response=answers(One[Story]))
def search_record(request: HttpRequest, sync_id: Number, wanted: Search) -> Any:
    """One record's story: what was sent, when, in which run, with which answer."""
    key = syncs.key_of(sync_id)
    return {"data": story(record_story(key, find_record(key, wanted.primary_identifier)))}


@router.get("/syncs/{sync_id}/records/{record}", auth=allowed(Deed.LOOK), response=answers(One[Story]))
def fetch_record(request: HttpRequest, sync_id: Number, record: str) -> Any:
    """The same for a record that an answer named."""
    return {"data": story(record_story(syncs.key_of(sync_id), record))}


def _filter(wanted: WantedRecords) -> Filter:
    fate = next((ours for ours, theirs in FATES.items() if theirs == wanted.status), "")
    return Filter(op=wanted.operation or "", field=wanted.field or "", fate=fate)


def _lines(kept: Kept, which: Filter) -> Iterator[bytes]:
    for row in all_rows(kept, which):
        yield orjson.dumps(run_record(row).model_dump()) + b"\n"
