"""One run with everything a person may want to know of it, and runs in long lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from headcount.amounts import amount
from headcount.control import runs
from headcount.control.models import Run
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.model import Counts, RunKind, RunStatus
from headcount.service.aftermath import (
    cancelers_of,
    ended_early,
    meaning_of,
    pausers_of,
    starter_of,
    successor_of,
)
from headcount.service.lines import find_sync
from headcount.service.plan_rows import load_of
from headcount.service.plans import has_plan, plan_folder
from headcount.service.slices import PAGE, Slice, sliced
from headcount.service.waiting import Wait, giving_way, wait_of
from headcount.service.watching import RunProgress, progress_of

STEPS = ("reading", "planning", "sending", "folding")
_COLUMNS = (
    "id", "status", "trigger", "full", "created_at", "started_at", "finished_at", "counts", "error", "hint",
    "sync__key", "sync__name", "worked", "worker",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """One run in a list. ``counts`` are zero before its plan is made. ``seconds`` it took, once it has ended, or was
    worked on so far, when it is paused: neither pauses nor waiting count where that is known.
    """

    run: int
    sync: str
    sync_name: str
    status: str
    trigger: str
    full: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None
    counts: Counts
    error: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """A stage of a run: ``state`` is done, now, paused or later; ``done`` of ``of`` are rows or changes, where they
    count.
    """

    name: str
    state: str
    done: int | None = None
    of: int | None = None


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """Why rows were not sent: field, reason, rows."""

    field: str
    reason: str
    rows: int


@dataclass(frozen=True, kw_only=True)
class RunPage:
    """``asks`` is what approving would do, as a sentence, when the run waits; ``removes`` how many records go.
    ``starter`` is who started it, ``canceled_by`` who canceled it or told it to stop, if somebody did and that is
    known, ``paused_by`` the same of who paused it; ``meaning`` what an early end means for the data; ``successor`` the
    run that took its place.
    """

    run: RunRow
    object: str
    destination: str
    destination_key: str
    behavior: str
    starter: str
    canceled_by: str
    paused_by: str
    progress: RunProgress
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]
    invalid_reasons: tuple[Reasons, ...]
    field_changes: dict[str, int]
    has_plan: bool
    live: bool
    waits: Wait  # for what, while it is in the queue
    gives_way: str  # said of a backfill that works
    can_cancel: bool
    can_pause: bool
    can_resume: bool
    rests: bool  # a person paused it: it does not go on by itself, nor with the next run
    can_repeat: bool
    unreachable: bool  # it failed because the workspace refused the credentials
    meaning: str
    successor: int | None
    asks: str
    removes: int


@told()
def run_page(run_id: int) -> RunPage:
    """Raises ``ConfigurationError`` for a number that no run has."""
    home = setup()
    run = runs.find(run_id)
    progress = progress_of(run_id)
    status = RunStatus(run.status)
    waiting = status is RunStatus.WAITING
    changes, reasons = _why(run, waiting=waiting)
    row = _row(run)
    return RunPage(
        run=row,
        object=run.sync.object,
        destination=run.sync.destination.name,
        destination_key=run.sync.destination.key,
        behavior=str(run.sync.definition.get("behavior", "")),
        starter=starter_of(run),
        canceled_by=cancelers_of([run]).get(run.pk, ""),
        paused_by=pausers_of([run]).get(run.pk, ""),
        progress=progress,
        steps=_steps(progress, run.progress.get("phase", "")),
        warnings=tuple(run.warnings),
        invalid_reasons=reasons,
        field_changes=changes,
        has_plan=has_plan(home, run.pk),
        live=status in (RunStatus.QUEUED, RunStatus.WORKING),
        waits=wait_of(run, datetime.now(UTC)),
        gives_way=giving_way(run) if status is RunStatus.WORKING else "",
        can_cancel=status in runs.UNFINISHED and not progress.canceling,
        can_pause=status in (RunStatus.QUEUED, RunStatus.WORKING)
        and not (progress.pausing or progress.canceling),
        can_resume=status is RunStatus.PAUSED,
        rests=status is RunStatus.PAUSED and run.pause_requested,
        can_repeat=ended_early(run) and run.kind == RunKind.RUN.value,
        unreachable=run.error_code == "CREDENTIALS_REFUSED",
        meaning=meaning_of(run),
        successor=successor_of(run),
        asks=_asks(row, run.sync.destination.name) if waiting else "",
        removes=row.counts.remove if waiting else 0,
    )


@told()
def list_run_rows(
    *, sync: str = "", status: str = "", hours: int | None = None, before: int | None = None
) -> Slice[RunRow]:
    """A page of runs, newest first; of the last ``hours`` only. Raises ``ConfigurationError`` for an unknown sync or
    status.
    """
    setup()
    found = Run.objects.select_related("sync").only(*_COLUMNS).order_by("-id")
    if sync:
        found = found.filter(sync=find_sync(sync))
    if status:
        found = found.filter(status=_status(status))
    if hours is not None:
        found = found.filter(created_at__gte=datetime.now(UTC) - timedelta(hours=hours))
    if before is not None:
        found = found.filter(id__lt=before)
    return sliced(list(found[: PAGE + 1]), PAGE, _row, lambda run: run.pk)


def _status(word: str) -> str:
    known = [status.value for status in RunStatus]
    if word not in known:
        raise ConfigurationError(f"Runs are never {word}.", hint=f"One of: {', '.join(known)}.")
    return word


def _row(run: Run) -> RunRow:
    begun, ended = run.started_at, run.finished_at
    return RunRow(
        run=run.pk,
        sync=run.sync.key,
        sync_name=run.sync.name,
        status=run.status,
        trigger=run.trigger,
        full=run.full,
        created_at=run.created_at,
        started_at=begun,
        finished_at=ended,
        seconds=_seconds(run),
        counts=Counts(**run.counts) if run.counts else Counts(),
        error=run.error,
        hint=run.hint,
    )


def _seconds(run: Run) -> float | None:
    """Who works on a run, or is just letting go of it, has not said yet how long that was."""
    rests = run.status == RunStatus.PAUSED.value
    if run.worked and not run.worker and (rests or run.finished_at):
        return run.worked
    begun, ended = run.started_at, run.finished_at
    return (ended - begun).total_seconds() if begun and ended else None


def _steps(progress: RunProgress, told: str) -> tuple[Step, ...]:
    """The four stages; all are done in a run that ended well. ``told`` is where it was when it was last worked on."""
    phase = told if progress.status == RunStatus.PAUSED.value else progress.phase
    ended_well = progress.status == RunStatus.COMPLETED.value
    unknown = len(STEPS) if ended_well else -1
    now = STEPS.index(phase) if phase in STEPS else unknown
    return tuple(_step(progress, name, place, now) for place, name in enumerate(STEPS))


def _step(progress: RunProgress, name: str, place: int, now: int) -> Step:
    at_it = "paused" if progress.status == RunStatus.PAUSED.value else "now"
    state = "done" if place < now else at_it if place == now else "later"
    numbers: dict[str, tuple[int | None, int | None]] = {
        "reading": (progress.rows, None),
        "planning": (progress.planned, None),
        "sending": (progress.done, progress.planned),
    }
    done, of = numbers.get(name, (None, None)) if state != "later" else (None, None)
    return Step(name=name, state=state, done=done, of=of)


def _why(run: Run, *, waiting: bool) -> tuple[dict[str, int], tuple[Reasons, ...]]:
    """From the run itself, or from its plan while it waits."""
    changes, reasons = run.field_changes, run.invalid_reasons
    if waiting and (frozen := load_of(run, plan_folder(setup(), run.pk))) is not None:
        changes, reasons = frozen.planned.field_changes, frozen.planned.invalid_reasons
    ordered = dict(sorted(changes.items(), key=lambda item: -item[1]))
    return ordered, tuple(Reasons(field=field, reason=reason, rows=rows) for field, reason, rows in reasons)


def _asks(run: RunRow, destination: str) -> str:
    counts = run.counts
    verbs = (("add", counts.add), ("change", counts.change), ("remove", counts.remove))
    *others, (verb, number) = [each for each in verbs if each[1]] or [("send", 0)]
    if not number:
        return f"Send nothing to {destination}"
    before = ", ".join(f"{verb} {number:,}" for verb, number in others)
    what = " and ".join(filter(None, (before, f"{verb} {amount(number, 'record')}")))
    return f"{what.capitalize()} in {destination}"
