"""Does a run have what a rule looks for, and is that news? Pure functions: no database, no clock of their own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from headcount.amounts import amount
from headcount.control.alerts.rule import NUMBERS, AlertKind, Rule
from headcount.model import RunKind, RunStatus

Numbers = Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class RunFacts:
    """A run as a rule sees it. ``counts`` is empty when it came to none."""

    id: int
    status: RunStatus
    kind: RunKind = RunKind.RUN
    counts: Numbers = field(default_factory=dict)
    created_at: datetime
    scheduled_for: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    approved: bool = False
    error: str = ""
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """``troubled`` says whether the run has it, ``words`` what exactly, in whole sentences without any row value."""

    troubled: bool
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What is known of a rule and a sync: is it told already, and in which run was it last seen?"""

    raised: bool = False
    run: int | None = None


class Turn(Enum):
    """What follows from a finding."""

    RAISE = "raise"  # tell, for the first time
    REPEAT = "repeat"  # known, and seen in a further run: told to those who want every one
    RESOLVE = "resolve"  # it is over
    REST = "rest"  # no news


FINE = Finding(troubled=False)
_ENDED = (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED)
_COUNTED = (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.WAITING)


def turn(finding: Finding | None, memory: Memory, run: int) -> Turn:
    """``None`` is a run that says nothing about the rule, a canceled one for example."""
    if finding is None:
        return Turn.REST
    if not finding.troubled:
        return Turn.RESOLVE if memory.raised else Turn.REST
    if not memory.raised:
        return Turn.RAISE
    return Turn.REST if memory.run == run else Turn.REPEAT


def judge(rule: Rule, run: RunFacts, now: datetime, before: Sequence[Numbers] = ()) -> Finding | None:
    """Look at a run that ended, waits, works or is queued. ``before`` are the counts of the runs that completed
    before it, the newest first, of which an unusual number needs ``rule.runs``. None: it says nothing about the rule.
    """
    if run.kind is RunKind.TEST:  # one row, sent by hand while somebody looks on
        return None
    match rule.kind:
        case AlertKind.FAILED:
            return _failed(run)
        case AlertKind.REJECTED:
            return _refused(rule, run)
        case AlertKind.NO_ROWS:
            return _no_rows(run)
        case AlertKind.UNUSUAL:
            return _unusual(rule, run, before)
        case AlertKind.LATE:
            return _late(rule, run, now)
        case AlertKind.LONG:
            return _long(rule, run, now)
        case AlertKind.WAITING:
            return _waiting(run)


def number(counts: Numbers, name: str) -> int:
    """One of ``NUMBERS``."""
    if name == "planned":
        return sum(counts.get(part, 0) for part in ("add", "change", "remove"))
    return counts.get(name, 0)


def _failed(run: RunFacts) -> Finding | None:
    if run.status is RunStatus.FAILED:
        return Finding(troubled=True, words=f"Run {run.id} failed. {run.error} {run.hint}".strip())
    return FINE if run.status is RunStatus.COMPLETED else None


def _refused(rule: Rule, run: RunFacts) -> Finding | None:
    """Rejected are rows of those that were sent, invalid ones of those that were read: the same few invalid rows are
    there in every run, and in a quiet one they would be all there is.
    """
    rejected, planned = number(run.counts, "rejected"), number(run.counts, "planned")
    invalid, read = number(run.counts, "invalid"), number(run.counts, "read")
    if run.kind is not RunKind.RUN or run.status not in (RunStatus.COMPLETED, RunStatus.FAILED):
        return None
    if not planned and not invalid:
        return None
    shares = (
        (
            _share(rejected, planned),
            _told(rejected, planned, f"run {run.id} sent", "was rejected", "were rejected"),
        ),
        (_share(invalid, read), _told(invalid, read, f"run {run.id} read", "is invalid", "are invalid")),
    )
    troubled = [
        f"{words}{_compared(share, rule.threshold)}." for share, words in shares if share > rule.threshold
    ]
    return Finding(troubled=True, words=" ".join(troubled)) if troubled else FINE


def _compared(share: float, threshold: float) -> str:
    """In percent, with as many digits as tell the two apart. Nothing where any row at all is too many."""
    if not threshold:
        return ""
    apart = (digits for digits in range(1, 12) if f"{share:.{digits}f}" != f"{threshold:.{digits}f}")
    digits = next(apart, 12)
    return f": {_percent(share, digits)}, more than {_percent(threshold, digits)}"


def _told(part: int, whole: int, what: str, one: str, many: str) -> str:
    return f"{part:,} of {amount(whole, 'row')} that {what} {one if part == 1 else many}"


def _share(part: int, whole: int) -> float:
    """In percent."""
    return 100 * part / whole if whole else 0.0


def _no_rows(run: RunFacts) -> Finding | None:
    if run.kind is not RunKind.RUN or run.status not in _COUNTED or "read" not in run.counts:
        return None
    if run.counts["read"]:
        return FINE
    return Finding(troubled=True, words=f"Run {run.id} found no rows in its model.")


def _unusual(rule: Rule, run: RunFacts, before: Sequence[Numbers]) -> Finding | None:
    earlier = [number(counts, rule.counts) for counts in before[: rule.runs]]
    if run.kind is not RunKind.RUN or run.status not in _COUNTED or not run.counts:
        return None
    if len(earlier) < rule.runs:
        return None
    now, usual = number(run.counts, rule.counts), sum(earlier) / len(earlier)
    if abs(now - usual) <= usual * rule.threshold / 100:
        return FINE
    far = (
        f"{_percent(100 * abs(now - usual) / usual)} {'more' if now > usual else 'fewer'}"
        if usual
        else "more"
    )
    words = f"Run {run.id} has {now:,} {NUMBERS[rule.counts]}: {far} than usual, which is {usual:,.0f}"
    return Finding(troubled=True, words=f"{words} (the average of {amount(len(earlier), 'run')}).")


def _late(rule: Rule, run: RunFacts, now: datetime) -> Finding | None:
    if run.scheduled_for is None or run.status is RunStatus.SKIPPED:
        return None
    if run.started_at is None and run.status is not RunStatus.QUEUED:
        return None
    if not _exceeds((run.started_at or now) - run.scheduled_for, rule):
        return FINE if run.started_at else None
    state = "began" if run.started_at else "has not begun"
    words = f"Run {run.id} was due at {_time(run.scheduled_for)} and {state}"
    return Finding(
        troubled=True,
        words=f"{words} {'later than' if run.started_at else 'within'} {amount(rule.threshold, 'minute')} after that.",
    )


def _long(rule: Rule, run: RunFacts, now: datetime) -> Finding | None:
    """The time in which a run waited for its approval is not its own."""
    working = run.status is RunStatus.WORKING
    if run.started_at is None or run.approved or not (working or run.status in _ENDED):
        return None
    if not _exceeds((run.finished_at or now) - run.started_at, rule):
        return None if working or run.status is not RunStatus.COMPLETED else FINE
    state = "has been working" if working else "took"
    return Finding(
        troubled=True, words=f"Run {run.id} {state} longer than {amount(rule.threshold, 'minute')}."
    )


def _waiting(run: RunFacts) -> Finding | None:
    """A run that another one took the place of leaves it to that one, which may well be stopped for the same reason."""
    if run.status is RunStatus.WAITING:
        return Finding(
            troubled=True, words=f"Run {run.id} waits for approval. {run.error} {run.hint}".strip()
        )
    return FINE if run.status in _ENDED else None


def _exceeds(took: timedelta, rule: Rule) -> bool:
    return took > timedelta(minutes=rule.threshold)


def _percent(value: float, digits: int = 1) -> str:
    """Never 0 % for what is more than nothing."""
    if 0 < value < 0.1:
        digits = max(digits, 1 - math.floor(math.log10(value)))
    return f"{value:,.{digits}f}".rstrip("0").rstrip(".") + " %"


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M %Z")
