"""Whether what is said about triggers can be meant."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from headcount.errors import ConfigurationError
from headcount.project.lines import Document
from headcount.project.problems import Path, Problem, did_you_mean
from headcount.project.trigger_entry import WAYS, ScheduleEntry, TriggersEntry
from headcount.schedule import check_cron, check_timezone


def trigger_problems(document: Document, path: Path, entry: TriggersEntry) -> Iterator[Problem]:
    """Can the schedule be followed?"""
    if entry.schedule is not None:
        yield from _schedule_problems(document, (*path, "triggers", "schedule"), entry.schedule)


def _schedule_problems(document: Document, path: Path, entry: ScheduleEntry) -> Iterator[Problem]:
    if len(entry.given) != 1:
        found = "has none of them" if not entry.given else f"has {' and '.join(entry.given)}"
        wrong = f"A schedule has exactly one of {', '.join(WAYS)}; this one {found}."
        yield document.problem(path, wrong, "For example: schedule: {every_minutes: 15}.")
    for name, check in (("cron", check_cron), ("timezone", check_timezone)):
        value = getattr(entry, name)
        if value is None:
            continue
        try:
            check(value)
        except ConfigurationError as error:
            yield document.problem((*path, name), error.message, error.hint)


def order_problems(
    document: Document, after: Mapping[str, Sequence[str]], known: Container[str]
) -> Iterator[Problem]:
    """Are the syncs that others run after there, and does nobody wait for themselves?"""
    for key, parents in after.items():
        for number, parent in enumerate(parents):
            where = ("syncs", key, "triggers", "after", number)
            if parent not in known:
                mend = did_you_mean(parent, sorted(after)) or "Name the key of a sync."
                yield document.problem(where, f"There is no sync {parent}.", mend)
            elif key in _before(parent, after):
                wrong = f"{key} would wait for itself{f', by way of {parent}' if parent != key else ''}."
                yield document.problem(where, wrong, "Name a sync that does not wait for this one.")


def _before(key: str, after: Mapping[str, Sequence[str]]) -> set[str]:
    """A sync and all that must have run before it."""
    found: set[str] = set()
    waiting = [key]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += after.get(name, ())
    return found
