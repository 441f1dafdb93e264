"""What happens to the stage at random: each trouble says how it ends, and when."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable

from tests.chaos.crew import Machine
from tests.chaos.stage import Stage

Undo = Callable[[], None]
LONG = 32.0  # seconds frozen, after which another machine has taken over
FAULTS = (
    {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "match": {"probability": 0.2}},
    {"kind": "status", "status": 500, "match": {"probability": 0.4}},
    {"kind": "latency", "latency": 1.5, "match": {"probability": 0.5}},
    {"kind": "drop_before", "match": {"probability": 0.4}},
    {"kind": "drop_after", "match": {"probability": 0.4}},
    {"kind": "truncate", "match": {"probability": 0.4}},
)


class Trouble:
    """``look`` is called again and again; it begins and ends troubles when they are due."""

    def __init__(self, stage: Stage, dice: random.Random) -> None:
        self._stage = stage
        self._dice = dice
        self._undo: list[tuple[float, Undo]] = []
        self._next = time.monotonic() + 1.0
        self.tally: Counter[str] = Counter()

    def look(self) -> None:
        now = time.monotonic()
        for due in [each for each in self._undo if each[0] <= now]:
            self._undo.remove(due)
            due[1]()
        if now >= self._next:
            self._next = now + self._dice.uniform(0.5, 2.0)
            self._one()

    def end(self) -> None:
        """Everything is as it should be again."""
        for _, undo in sorted(self._undo, key=lambda each: each[0]):
            undo()
        self._undo.clear()

    def _one(self) -> None:
        troubles = (self._kill, self._freeze, self._restart_postgres, self._restart_sandbox, self._spoil)
        self._dice.choices(troubles, weights=(4, 4, 2, 1, 4))[0]()

    def _later(self, seconds: float, undo: Undo) -> None:
        self._undo.append((time.monotonic() + seconds, undo))

    def _machine(self) -> Machine | None:
        """One that works; the last one is left alone."""
        works = [machine for machine in self._stage.machines if machine.works and not machine.frozen]
        return self._dice.choice(works) if len(works) > 1 else None

    def _kill(self) -> None:
        """Some machines come back; in the place of others there is a new one, with nothing on its disk."""
        if (machine := self._machine()) is None:
            return
        machine.kill()
        lost = self._dice.random() < 0.3
        self.tally["machines lost" if lost else "kills"] += 1
        again = self._stage.replacement(machine) if lost else machine
        self._later(self._dice.uniform(0.0, 4.0), again.start)

    def _freeze(self) -> None:
        if (machine := self._machine()) is None:
            return
        machine.freeze()
        self.tally["freezes"] += 1
        seconds = LONG if self._dice.random() < 0.2 else self._dice.uniform(0.5, 9.0)
        self._later(seconds, machine.thaw)

    def _restart_postgres(self) -> None:
        if not self._stage.server.running:
            return
        self._stage.server.stop(self._dice.choice(("immediate", "fast")))
        self.tally["PostgreSQL restarts"] += 1
        self._later(self._dice.uniform(0.0, 3.0), self._stage.server.start)

    def _restart_sandbox(self) -> None:
        self._stage.far_end.stop()
        self.tally["sandbox restarts"] += 1
        time.sleep(self._dice.uniform(0.0, 0.5))
        self._stage.far_end.start()

    def _spoil(self) -> None:
        """Rules take requests in their order, so several may be on at a time."""
        rule = dict(self._dice.choice(FAULTS))
        rule["match"] = {**rule["match"], "seed": self._dice.randrange(1000), "path": "/api/"}  # type: ignore[dict-item]
        self._stage.far_end.ask("faults", rule)
        self.tally["faults"] += 1
        self._later(self._dice.uniform(1.0, 3.0), self._heal)

    def _heal(self) -> None:
        self._stage.far_end.ask("faults", method="DELETE")
