"""Everything that can go wrong, arranged by who acts next.

    HeadcountError
    ├── TransientError           we: try again after a pause
    └── OperatorError            the person who runs Headcount: mend something, then run again
        ├── ConfigurationError   the project file, an option, a name            (exit code 2)
        │   └── NoSuchRecord         one row was asked for, and its key is not in the source
        ├── SourceError          the database or file, its query, its columns
        │   ├── NoSuchRelation       it says that it has no such table
        │   └── SourceUnavailable    it may be there again soon
        │       └── SourceBusy           too many look into sources at this moment
        ├── DestinationError     the workspace, its address
        │   ├── Unreached            no connection came about; runs try again for a while
        │   ├── CredentialsRefused
        │   └── WrongWorkspace
        ├── StateError           the files Headcount keeps
        │   ├── StateBusy        another process has them
        │   └── StoreAway        the control store's database cannot be reached; runs go on when it is back
        ├── WorkbenchError       the embedded SQL engine refused a statement
        ├── EveryRowRefused      the first operations all failed for one reason (P9)
        ├── ApprovalNeeded       a guard stopped the run and asks (P9)
        ├── RunTimedOut          a run took longer than its sync allows
        └── SumsDoNotAddUp       a run whose counts disagree (P1): a bug, never the data

What the *row* must answer for is no exception: it is an ``Outcome`` or an invalid row, and the run goes on.
Every message says what happened; ``hint`` says what to do next.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SOON = 10  # seconds after which whoever asked may ask again, when Headcount cannot answer now


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What the other side said, for the log of requests. It may quote anything, so no message holds it."""

    status: int
    body: bytes = field(repr=False)


class HeadcountError(Exception):
    """Base of the tree. ``hint`` is one sentence that says what to do, or empty. ``answered`` is the answer from which
    the trouble was known, where there was one.
    """

    answered: Answered | None = None

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class TransientError(HeadcountError):
    """Nothing is wrong for good: the same call may succeed after a pause.

    ``applied`` says whether the destination may have acted on the request all the same.
    ``retry_after`` is the pause the other side asked for, in seconds.
    """

    def __init__(
        self, message: str, *, applied: bool, retry_after: float | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.applied = applied
        self.retry_after = retry_after


class Suspended(Exception):
    """No error: the work on a run ends here, and goes on later where it stopped.

    Somebody paused the run, its worker is told to end, or the run is no longer this process's to work on. It is no
    ``HeadcountError``, because those end runs.
    """


class OperatorError(HeadcountError):
    """A person has to mend something before this can work."""


class ConfigurationError(OperatorError):
    """A project file, option or name that cannot be used as it stands."""


class NoSuchRecord(ConfigurationError):
    """A run was asked for one row, and no row of the model has its key. Nothing is wrong with the sync."""


class SourceError(OperatorError):
    """The source cannot be read: unreachable, refused, a broken query, a mapped column that is gone."""


class NoSuchRelation(SourceError):
    """The source says that a table or view is not there. Only PostgreSQL's own word for it is known."""


class SourceUnavailable(SourceError):
    """The source does not answer now, or let go of a read: the same may succeed later, and a worker tries again."""


class SourceBusy(SourceUnavailable):
    """Nothing was asked: as many as may look into sources while they wait do so already."""


class DestinationError(OperatorError):
    """The destination cannot be used as configured."""


class Unreached(DestinationError):
    """No connection to the destination came about: its address is wrong, or it is away for a while."""


class CredentialsRefused(DestinationError):
    """The destination answered 401 or 403."""


class WrongWorkspace(DestinationError):
    """The credentials lead to another workspace than the one this sync's state belongs to."""


class StateError(OperatorError):
    """Headcount's own files cannot be read or written."""


class StateBusy(StateError):
    """Another process holds the sync's state."""


class StoreAway(StateError):
    """The database of the control store cannot be reached. It ends no run: what is recorded there goes on."""


class WorkbenchError(OperatorError):
    """The embedded SQL engine refused a statement: data that no check foresaw, or a bug.

    ``kind`` is the engine's name for it. Its words are not passed on, because they may hold row values.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"The embedded database refused a statement ({kind}).",
            hint="Nothing is lost; please report this.",
        )
        self.kind = kind


class EveryRowRefused(OperatorError):
    """The first ``count`` operations of a run were all refused for one reason and field, so the cause is the set-up.
    ``said`` are the destination's words, which may quote a value.
    """

    def __init__(self, count: int, *, reason: str, field: str, said: str) -> None:
        words = " ".join(filter(None, (reason, field)))
        cause = ": ".join(filter(None, (words, said))) or "no reason given"
        mend = f"Look at the mapping of {field}." if field else "Look at the mappings of this sync."
        super().__init__(
            f"The first {count} operations were all refused for one reason ({cause}).",
            hint=f"{mend} No row is held for it.",
        )
        self.count, self.reason, self.field, self.said = count, reason, field, said

    def saying(self, words: str) -> EveryRowRefused:
        """The same with other words in the place of the destination's."""
        return EveryRowRefused(self.count, reason=self.reason, field=self.field, said=words)


class ApprovalNeeded(OperatorError):
    """A guard stopped the run before its first request."""


class RunTimedOut(OperatorError):
    """A run was worked on longer than its sync allows. What it did not send stays due."""


class SumsDoNotAddUp(OperatorError):
    """A run whose counts disagree with each other (promise P1)."""
