"""Runs in JSON: their states and counters by the names that waiting clients know."""

from __future__ import annotations

from datetime import datetime

from ninja import Schema

from headcount.model import RunStatus
from headcount.service.register.runs import NumberedRun

# Clients that wait end on ``completed`` and ``failed``, so whatever needs a person reads ``failed``.
STATES = {
    RunStatus.QUEUED: "queued",
    RunStatus.WORKING: "working",
    RunStatus.PAUSED: "working",
    RunStatus.WAITING: "failed",
    RunStatus.COMPLETED: "completed",
    RunStatus.FAILED: "failed",
    RunStatus.SKIPPED: "skipped",
    RunStatus.CANCELED: "failed",
    RunStatus.SUPERSEDED: "failed",
}
CODES = {
    RunStatus.WAITING: "APPROVAL_NEEDED",
    RunStatus.FAILED: "RUN_FAILED",
    RunStatus.SKIPPED: "SKIPPED",
    RunStatus.CANCELED: "CANCELED",
    RunStatus.SUPERSEDED: "SUPERSEDED",
}
STEPS = {RunStatus.QUEUED: "Waiting in the queue", RunStatus.WORKING: "Running", RunStatus.PAUSED: "Paused"}
WAITING = "Waiting for the source"
REASONS = {
    "manual": ("Manual", "Started by a person"),
    "api": ("API", "Triggered by the API"),
    "schedule": ("Scheduled", "Due by its schedule"),
    "after": ("Sequence", "Triggered after other syncs completed"),
    "dbt": ("dbt", "Triggered after a run of dbt"),
    "retry": ("Retry", "Rejected rows were sent again"),
    "test": ("Test", "One row was sent"),
}  # by trigger: tag and sentence
CANCELED = "The run was canceled."


class Triggered(Schema):
    """The run that was asked for."""

    sync_run_id: int


def triggered(run: int) -> Triggered:
    return Triggered(sync_run_id=run)


class Reason(Schema):
    """Why a run began."""

    ui_tag: str
    ui_detail: str


class SyncRun(Schema):
    """A run. Counters are null until they are known. ``state`` is the status in Headcount's own words,
    ``next_try_at`` when a queued run begins anew whose source did not answer. ``canceled_by`` is who canceled it or
    told it to stop: a username, with the token's name if it was through one. Null when nobody did or it is not known.
    """

    id: int
    sync_id: int
    status: str
    source_record_count: int | None
    source_record_updates: int | None
    source_record_deletes: int | None
    source_record_invalids: int | None
    records_processed: int | None
    records_updated: int | None
    records_failed: int | None
    records_invalid: int | None
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    scheduled_execution_time: datetime | None
    error_code: str | None
    error_message: str | None
    error_detail: str | None
    current_step: str | None
    canceled: bool
    canceled_by: str | None
    full_sync: bool
    sync_trigger_reason: Reason
    state: str
    started_at: datetime | None
    next_try_at: datetime | None
    counts: dict[str, int]
    warnings: list[str]


def sync_run(found: NumberedRun) -> SyncRun:
    counts = found.counts
    planned = sum(counts[name] for name in ("add", "change", "remove")) if counts else None
    return SyncRun(
        id=found.id,
        sync_id=found.sync,
        status=STATES[found.status],
        source_record_count=counts.get("read"),
        source_record_updates=counts["add"] + counts["change"] if counts else None,
        source_record_deletes=counts.get("remove"),
        source_record_invalids=counts.get("invalid"),
        records_processed=planned,
        records_updated=counts.get("accepted"),
        records_failed=counts.get("rejected"),
        records_invalid=counts.get("invalid"),
        created_at=found.created_at,
        updated_at=found.finished_at or found.started_at or found.created_at,
        completed_at=found.finished_at,
        scheduled_execution_time=found.scheduled_for,
        error_code=_code(found),
        error_message=found.error or _canceled(found),
        error_detail=found.hint or None,
        current_step=WAITING if found.next_try_at else STEPS.get(found.status),
        canceled=found.status is RunStatus.CANCELED,
        canceled_by=found.canceled_by or None,
        full_sync=found.full,
        sync_trigger_reason=_reason(found),
        state=found.status.value,
        started_at=found.started_at,
        next_try_at=found.next_try_at,
        counts=counts,
        warnings=list(found.warnings),
    )


def _canceled(found: NumberedRun) -> str | None:
    if found.status is not RunStatus.CANCELED:
        return None
    return f"The run was canceled by {found.canceled_by}." if found.canceled_by else CANCELED


def _code(found: NumberedRun) -> str | None:
    """Of a run that failed what its error was; of others what became of it."""
    if found.status is RunStatus.FAILED and found.error_code:
        return found.error_code
    return CODES.get(found.status)


def _reason(found: NumberedRun) -> Reason:
    tag, detail = REASONS.get(found.trigger, (found.trigger.capitalize(), f"Triggered by {found.trigger}"))
    return Reason(ui_tag=tag, ui_detail=detail)
