"""One record's story: what was sent, when, in which run, with which answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from headcount.changes import PLAN_FILE
from headcount.control import book
from headcount.control.models import Run
from headcount.control.models import Sync as SyncRow
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.destinations.customerio.objects import destination_object
from headcount.errors import HeadcountError
from headcount.frozen import Frozen, load
from headcount.home import Home
from headcount.model import RunStatus
from headcount.recall import Remembered, remembered
from headcount.service.keys import canonical
from headcount.service.left_out import WHOLE_ROW
from headcount.service.lines import find_sync, sync_as_of
from headcount.service.planning import FieldChange, row_changes
from headcount.service.plans import known_plans, plan_folders
from headcount.service.states import state_here
from headcount.workbench import Workbench, quote_text

LOOKED_AT = 500  # plans of the newest runs in which a record is looked for
SEEN = "recorded as seen"


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """What one run did with the record. ``answer`` is accepted, rejected, in doubt, on its way, unsent, invalid (never
    sent) or recorded as seen (an event that was there before the first run, and was not sent).
    """

    run: int
    at: datetime
    op: str
    fields: tuple[FieldChange, ...]
    answer: str
    reason: str = ""
    about: str = ""  # the field that a rejection names


@dataclass(frozen=True, kw_only=True)
class Story:
    sync: str
    key: str
    now: Remembered | None  # what the state holds; None when nothing was ever accepted or refused
    sent: (
        bool | None
    )  # what it holds was sent; False: only recorded as seen; None: the plan that could tell is gone
    chapters: tuple[Chapter, ...]  # newest first


@told()
def explain(sync: str, key: str) -> Story:
    """What is known about one key of a sync, from its state and the plans of its newest runs that have not been deleted
    yet. Reads neither the source nor Customer.io.
    """
    home, row = setup(), find_sync(sync)
    key = canonical(sync_as_of(row).identifier, key)
    state = state_here(home, row)
    with Workbench(home.root / "scratch", ordered=True) as bench:
        with state.reading(bench) as opened:
            opened.complete(f"SELECT {quote_text(key)} AS key")
            now = remembered(bench, opened.catalogue, key)
        runs = row.runs.filter(id__in=_runs_with(bench, _kept(row, home), key)).order_by("-id")
        chapters = [c for run in runs for c in _chapters(bench, run, home.plans, key)]
    sent = _was_sent(row, chapters) if now and now.acknowledged else False
    return Story(sync=sync, key=key, now=now, sent=sent, chapters=tuple(chapters))


def _was_sent(row: SyncRow, chapters: Sequence[Chapter]) -> bool | None:
    """People are always sent; an event that is known may only have been recorded as seen."""
    answers = {chapter.answer for chapter in chapters}
    if row.object != "event" or answers & {"accepted", "in doubt"}:
        return True
    return False if SEEN in answers else None


def _kept(row: SyncRow, home: Home) -> list[Path]:
    """The folders of the sync's newest runs whose plans are still there."""
    there = known_plans(home)
    newest = row.runs.order_by("-id").values_list("id", flat=True)
    kept = [run for run in newest if run in there][:LOOKED_AT]
    return [folder for folder in plan_folders(home, kept) if (folder / "plan.json").exists()]


_FILES = (PLAN_FILE, "invalid.parquet", "seen.parquet")


def _runs_with(bench: Workbench, folders: Sequence[Path], key: str) -> list[int]:
    """The runs one of whose files has the key: all are searched at once."""
    files = [file for f in folders for name in _FILES if (file := f / name).exists()]
    if not files:
        return []
    listed = ", ".join(quote_text(str(file)) for file in files)
    sql = f"SELECT DISTINCT filename FROM read_parquet([{listed}], filename = true, union_by_name = true) WHERE key = ?"
    return sorted({int(Path(name).parent.name) for (name,) in bench.run(sql, [key])})


def _chapters(bench: Workbench, run: Run, plans: Path, key: str) -> Iterator[Chapter]:
    folder = plans / str(run.pk)
    if not run.sync_snapshot or not (folder / "plan.json").exists():
        return
    try:
        sync = sync_as_of(run.sync, run.sync_snapshot)
        frozen = load(folder, sync, destination_object(sync.object))
    except HeadcountError:
        return  # a plan that cannot be read any more tells nothing
    if frozen is None:
        return
    yield from _sent(bench, run, frozen, key)
    yield from _never_sent(bench, run, frozen, key)
    yield from _seen(bench, run, frozen, key)


def _sent(bench: Workbench, run: Run, frozen: Frozen, key: str) -> Iterator[Chapter]:
    file = f"read_parquet({quote_text(str(frozen.plan.path))}, file_row_number = true)"
    for (seq,) in bench.run(f"SELECT file_row_number FROM {file} WHERE key = ?", [key]):
        change = next(row_changes(bench, frozen, f"WHERE key = {quote_text(key)}"))
        answer, about, reason = _answer(run, seq)
        yield Chapter(
            run=run.pk,
            at=run.started_at or run.created_at,
            op=change.op,
            fields=change.fields,
            answer=answer,
            reason=reason,
            about=about,
        )


def _answer(run: Run, seq: int) -> tuple[str, str, str]:
    """What came of it, the field that was complained about, and the words."""
    outcome = book.outcome_at(run.pk, seq)
    if outcome is not None:
        words = " · ".join(part for part in (outcome.field, outcome.reason, outcome.message) if part)
        return outcome.fate.value, outcome.field, words
    if not run.intents.filter(first__lte=seq, last__gte=seq).exists():
        return "unsent", "", ""
    working = run.status in (RunStatus.WORKING.value, RunStatus.QUEUED.value)
    return ("on its way" if working else "in doubt"), "", ""


def _never_sent(bench: Workbench, run: Run, frozen: Frozen, key: str) -> Iterator[Chapter]:
    path = frozen.planned.invalid_path
    if not path.exists():
        return
    sql = f"SELECT field, reason FROM read_parquet({quote_text(str(path))}) WHERE key = ?"
    reasons = sorted(set(bench.run(sql, [key])))
    if reasons:
        words = "; ".join(f"{field or WHOLE_ROW}: {reason}" for field, reason in reasons)
        yield Chapter(
            run=run.pk, at=run.started_at or run.created_at, op="", fields=(), answer="invalid", reason=words
        )


def _seen(bench: Workbench, run: Run, frozen: Frozen, key: str) -> Iterator[Chapter]:
    path = frozen.seen_path
    if not (run.folded and path.exists()):
        return
    if bench.run(f"SELECT 1 FROM read_parquet({quote_text(str(path))}) WHERE key = ?", [key]):
        yield Chapter(run=run.pk, at=run.started_at or run.created_at, op="", fields=(), answer=SEEN)
