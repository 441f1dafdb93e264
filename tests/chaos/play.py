"""The whole: rounds of trouble, peace, and the comparison."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from headcount.control.models import Run
from headcount.control.setup import close
from headcount.errors import StateError
from tests.chaos import office
from tests.chaos.company import KINDS
from tests.chaos.reckoning import differences, too_fast, wrong_sums
from tests.chaos.stage import Stage, built
from tests.chaos.trouble import Trouble

ROUND = 25.0  # seconds of trouble
PEACE = 150.0  # seconds in which everything must have ended afterwards
LOOK = 0.2


@dataclass(frozen=True, kw_only=True)
class Ending:
    """``wrong`` is what is not as it should be; ``tally`` what happened."""

    seed: int
    wrong: list[str] = field(default_factory=list)
    tally: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        width = max(map(len, self.tally), default=0)
        table = "\n".join(f"  {name:<{width}}  {count:>6,}" for name, count in self.tally.items())
        verdict = "\n".join(self.wrong[:40]) or "Everything is as it should be."
        return f"Seed {self.seed}\n{table}\n{verdict}"


class Watch:
    """Who works on which run, looked at again and again: how often it went to another machine."""

    def __init__(self) -> None:
        self.takeovers = 0
        self._last: dict[int, str] = {}

    def look(self) -> None:
        try:
            now = office.holders()
        except StateError:
            close()
            return
        self.takeovers += sum(self._last.get(run, who) != who for run, who in now.items())
        self._last.update(now)


def play(*, rounds: int, seed: int, seconds: float = ROUND) -> Ending:
    """In a folder of its own, which is kept when something is wrong."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    dice = random.Random(seed)
    with built(folder, dice) as stage:
        ending = _played(stage, dice, seed=seed, rounds=rounds, seconds=seconds)
    if ending.wrong:
        print(f"What was left: {folder}")
    else:
        shutil.rmtree(folder)
    return ending


def _played(stage: Stage, dice: random.Random, *, seed: int, rounds: int, seconds: float) -> Ending:
    trouble, watch = Trouble(stage, dice), Watch()
    for machine in stage.machines:
        machine.start()
    for machine in stage.machines:
        machine.ready()
    for _ in range(rounds):
        _round(stage, trouble, watch, seconds)
    trouble.end()
    wrong = _peace(stage, watch)
    wrong += differences(stage.company, stage.far_end) + wrong_sums()
    stage.far_end.stop()
    requests = stage.far_end.requests()
    wrong += too_fast(stage.company, requests)
    return Ending(seed=seed, wrong=wrong, tally=_tally(trouble, watch, len(requests)))


def _round(stage: Stage, trouble: Trouble, watch: Watch, seconds: float) -> None:
    """The sources change and every sync is asked for, twice: what works then is left alone."""
    for _ in range(2):
        stage.company.edit()
        until = time.monotonic() + seconds / 2
        waiting = stage.company.tables(*KINDS)
        while time.monotonic() < until:
            if waiting and stage.server.running:
                office.queue(waiting.pop(0))
            trouble.look()
            watch.look()
            time.sleep(0.02 if waiting else LOOK)


def _peace(stage: Stage, watch: Watch) -> list[str]:
    """What is unfinished ends; then every sync runs once more, undisturbed."""
    if left := _rest(watch):
        return left
    for sync in stage.company.tables(*KINDS):
        office.queue(sync, trigger="manual")
    return _rest(watch) or _failed()


def _rest(watch: Watch) -> list[str]:
    until = time.monotonic() + PEACE
    while left := office.unfinished():
        if time.monotonic() > until:
            return [f"run {run.pk} of {run.sync.key} is still {run.status}: {run.progress}" for run in left]
        watch.look()
        time.sleep(LOOK)
    return []


def _failed() -> list[str]:
    """Of the last runs."""
    last = Run.objects.filter(trigger="manual").exclude(status="completed").select_related("sync")
    return [f"run {run.pk} of {run.sync.key} {run.status}: {run.error}" for run in last]


def _tally(trouble: Trouble, watch: Watch, requests: int) -> Counter[str]:
    tally = Counter(trouble.tally)
    tally["takeovers by another machine"] = watch.takeovers
    for run in Run.objects.all():
        tally[f"runs {run.status}"] += 1
        tally["attempts"] += run.attempt
        if run.error_code:
            tally[f"failed by {run.error_code}"] += 1
    tally["requests"] = requests
    return tally
