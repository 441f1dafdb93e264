"""Which runs were folded into a state: the markers that it keeps of them, ``<number> <when it started>``."""

from __future__ import annotations

import json
from datetime import datetime

from headcount.state import REMEMBERED, Catalogue, set_meta
from headcount.workbench import Workbench


def is_folded(catalogue: Catalogue, marker: str, account: str) -> bool:
    """Was this run folded before, as far as it has come by this account? The last one may have been in part: it was
    stopped, killed before it was done, and went on. It can be folded whole, for nothing came over it since.
    """
    if catalogue.last_fold.startswith(f"{marker} "):
        return catalogue.last_fold == account
    return _is_remembered(catalogue, marker)


def remember(bench: Workbench, catalogue: Catalogue, marker: str, account: str, *, test: bool) -> None:
    """Inside a fold. Runs of all rows and tests push out markers of their own kind alone."""
    for name, markers, mine in (
        ("folded_runs", catalogue.folded_runs, not test),
        ("folded_tests", catalogue.folded_tests, test),
    ):
        others = [each for each in markers if each != marker]
        all_of_them = [*others, marker] if mine else others
        set_meta(bench, name, json.dumps(all_of_them[-REMEMBERED:]))
    set_meta(bench, "last_fold", account)


def _is_remembered(catalogue: Catalogue, this: str) -> bool:
    """An earlier run may come after later ones: it waited for approval meanwhile. A run of all rows takes the place of
    those that wait, so what is older than all of these that are remembered was folded, or is never to be. Tests take no
    place: however many of them come between, they say nothing of a run that waits.
    """
    runs = catalogue.folded_runs
    if this in runs or this in catalogue.folded_tests:
        return True
    return len(runs) >= REMEMBERED and _earlier(this, runs[0])


def _earlier(one: str, other: str) -> bool:
    """Only with both a smaller number and an earlier time: a restored control store gives out numbers again, and clocks
    are set back.
    """
    (number, moment), (other_number, other_moment) = one.split(" ", 1), other.split(" ", 1)
    sooner = datetime.fromisoformat(moment) < datetime.fromisoformat(other_moment)
    return int(number) < int(other_number) and sooner
