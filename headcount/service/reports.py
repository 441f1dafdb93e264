"""One run as a report, for whoever asked for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from headcount.control.models import Run
from headcount.frozen import Frozen
from headcount.model import Counts, RunStatus
from headcount.service.abandoned import resting


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """One ended (or waiting, paused, queued) run."""

    run: int
    sync: str
    status: RunStatus
    counts: Counts
    seconds: float
    error: str = ""
    hint: str = ""
    code: str = ""  # the kind of error
    warnings: tuple[str, ...] = ()
    invalid_reasons: tuple[tuple[str, str, int], ...] = ()
    resumed: tuple[RunReport, ...] = field(default=())

    @property
    def troubled(self) -> bool:
        """Done, but not every row: something was rejected or invalid."""
        return bool(self.counts.rejected or self.counts.invalid)

    def figures(self) -> dict[str, Any]:
        """What the log says of it."""
        sums = ("read", "planned", "accepted", "rejected", "in_doubt", "invalid", "requests")
        code = {"code": self.code} if self.code else {}
        return {
            "run": self.run,
            "sync": self.sync,
            "status": self.status.value,
            **code,
            "seconds": self.seconds,
            **{name: getattr(self.counts, name) for name in sums},
        }


def report_of(run: Run, frozen: Frozen | None = None) -> RunReport:
    """A run row as a report."""
    ended = run.finished_at or datetime.now(UTC)
    rest = resting(run)
    return RunReport(
        run=run.pk,
        sync=run.sync.key,
        status=RunStatus(run.status),
        counts=Counts(**run.counts) if run.counts else Counts(),
        seconds=round((ended - (run.started_at or run.created_at)).total_seconds(), 3),
        error=rest.message if rest else run.error,
        hint=rest.hint if rest else run.hint,
        code=run.error_code,
        warnings=tuple(run.warnings),
        invalid_reasons=frozen.planned.invalid_reasons if frozen else (),
    )
