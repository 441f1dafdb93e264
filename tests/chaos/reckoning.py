"""The comparison at the end. Each question answers with what is wrong, in sentences; none is good."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Sum

from headcount.control.models import Receipt, Run
from headcount.errors import SumsDoNotAddUp
from headcount.model import Counts
from headcount.sync import check_sums
from tests.chaos.company import EVENTS, KINDS, Company, Workspace
from tests.chaos.far_end import FarEnd, Request
from tests.chaos.office import OPEN

HELD_UP = 0.1  # seconds
PEOPLE = [kind for kind in KINDS if kind not in EVENTS]


def differences(company: Company, far_end: FarEnd) -> list[str]:
    """Between workspaces and sources. The sandbox must be running."""
    return [line for space in company.workspaces for line in _of_workspace(company, far_end, space)]


def _of_workspace(company: Company, far_end: FarEnd, space: Workspace) -> Iterator[str]:
    people = far_end.ask(f"people?workspace={space.number}")["people"]
    events = far_end.ask(f"events?workspace={space.number}")["events"]
    for sync in map(space.sync, PEOPLE):
        yield from _people(sync, company.people(sync), people)
    for sync in map(space.sync, EVENTS):
        numbers = [event["data"]["number"] for event in events if event["name"] == sync]
        yield from _events(sync, company.events(sync), numbers)


def _people(sync: str, wanted: dict[str, Any], people: list[Any]) -> Iterator[str]:
    mine = {one["id"]: one["wire"] for one in people if (one["id"] or "").startswith(f"{sync}-")}
    there = {key: (wire.get("plan"), wire.get("visits")) for key, wire in mine.items()}
    for key in sorted(wanted.keys() | there.keys()):
        if wanted.get(key) != there.get(key):
            yield f"{sync}: {key} is {wanted.get(key)} in the source and {there.get(key)} in the workspace"


def _events(sync: str, wanted: list[int], there: list[int]) -> Iterator[str]:
    counted = Counter(there)
    for number in sorted(set(wanted) | counted.keys()):
        if counted[number] != (number in wanted):
            yield f"{sync}: event {number} is there {counted[number]} times"


def wrong_sums() -> list[str]:
    """Of runs: sums that do not add up, or that are not those of the run's book; runs that never ended."""
    return [line for run in Run.objects.select_related("sync").order_by("id") for line in _of_run(run)]


def _of_run(run: Run) -> Iterator[str]:
    name = f"run {run.pk} of {run.sync.key} ({run.status})"
    if run.status in OPEN:
        yield f"{name} has not ended"
    book = Receipt.objects.filter(run=run).aggregate(accepted=Sum("accepted"), rejected=Sum("rejected"))
    if run.counts:
        counts = Counts(**run.counts)
        try:
            check_sums(counts)
        except SumsDoNotAddUp as error:
            yield f"{name}: {error.message}"
        if (counts.accepted, counts.rejected) != (book["accepted"] or 0, book["rejected"] or 0):
            yield f"{name}: it says {counts}, and its book {book}"
    elif run.intents.exists():
        yield f"{name} sent something and has no sums: {run.error}"


def too_fast(company: Company, requests: Iterable[Request]) -> list[str]:
    """Workspaces that saw more requests in some second than their budget."""
    by_space: dict[int, list[float]] = {}
    for request in requests:
        by_space.setdefault(request["workspace"], []).append(request["arrived"])
    found = []
    for space in company.workspaces:
        most, at = busiest_second(sorted(by_space.get(space.number, [])))
        if most > space.budget:
            found.append(f"workspace {space.name} saw {most} requests in the second from {at:.3f} on")
    return found


def busiest_second(times: list[float]) -> tuple[int, float]:
    """How many of these moments lie in the fullest second, and when it began. What a busy machine holds up on its way
    comes nearer to what follows it; ``HELD_UP`` of that is not the sender's doing.
    """
    window: deque[float] = deque()
    most, began = 0, 0.0
    for moment in times:
        window.append(moment)
        while moment - window[0] >= 1.0 - HELD_UP:
            window.popleft()
        if len(window) > most:
            most, began = len(window), window[0]
    return most, began
