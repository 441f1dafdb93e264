"""Changes of plans and what became of them, and one record's story, in JSON."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema

from headcount.service.plan_rows import PlanRow
from headcount.service.records import Record as Found

# What became of a change, by the words that orchestrators know.
FATES = {"accepted": "succeeded", "rejected": "rejected", "in doubt": "in_doubt", "unsent": "unsent", "": ""}


class FieldValue(Schema):
    """One field's wire values; ``old`` is null when it was never sent. Masked values are veiled."""

    field: str
    old: str | None
    new: str | None


class RunRecord(Schema):
    """One change. ``record`` names the record in addresses without telling whose it is."""

    id: int
    identifier: str
    operation: str
    status: str
    status_message: str
    record: str
    fields: list[FieldValue]


class Counted(Schema):
    """How many changes of a run there are, by what became of them."""

    total: int
    succeeded: int
    rejected: int
    in_doubt: int
    unsent: int


class Chapter(Schema):
    """What one run did with the record."""

    sync_run_id: int
    at: datetime
    operation: str
    answer: str
    reason: str
    fields: list[FieldValue]


class Story(Schema):
    """``known`` is false when nothing that is kept knows the record. ``acknowledged`` are the accepted wire values."""

    record: str
    identifier: str
    known: bool
    in_doubt: bool
    held: str
    acknowledged: dict[str, str | None] | None
    chapters: list[Chapter]


def run_record(row: PlanRow) -> RunRecord:
    return RunRecord(
        id=row.seq,
        identifier=row.key,
        operation=row.op,
        status=FATES[row.fate],
        status_message=row.reason,
        record=row.record,
        fields=[FieldValue(field=each.field, old=each.old, new=each.new) for each in row.fields],
    )


def story(found: Found) -> Story:
    now = found.now
    return Story(
        record=found.record,
        identifier=found.key,
        known=found.known,
        in_doubt=bool(now and now.in_doubt),
        held=now.held if now else "",
        acknowledged=now.values if now and now.acknowledged else None,
        chapters=[
            Chapter(
                sync_run_id=each.run,
                at=each.at,
                operation=each.op,
                answer=each.answer,
                reason=each.reason,
                fields=[FieldValue(field=f.field, old=f.old, new=f.new) for f in each.fields],
            )
            for each in found.chapters
        ],
    )
