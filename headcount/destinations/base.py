"""What Headcount asks of every destination: answers to whole requests, told apart by what they prove."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from headcount.model import Workspace


class Verdict(Enum):
    """What one readable answer says about the request just sent."""

    TAKEN = "taken"  # accepted, except the items listed in ``errors``
    REFUSED = "refused"  # nothing was applied; with indexes in ``errors``, those items are the cause
    TOO_LARGE = "too large"  # nothing was applied, because of the request's size
    UNATTRIBUTABLE = "unattributable"  # some items were refused, and the answer does not say which


@dataclass(frozen=True, kw_only=True)
class ItemError:
    """Why the destination refused one item, in its own words. ``index`` counts inside the request just sent."""

    index: int | None
    reason: str
    field: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer, read to its last byte. At most one error per index; ``status`` is the HTTP status."""

    verdict: Verdict
    status: int
    errors: tuple[ItemError, ...] = ()


class Client(Protocol):
    """A connection to one workspace. Used by several threads at once."""

    def workspace(self) -> Workspace:
        """Who answers to these credentials. Writes nothing.

        Raises ``CredentialsRefused``, ``DestinationError`` (unreachable, not this service), ``TransientError``.
        """

    def send(self, body: bytes, count: int) -> Answer:
        """Write one request of ``count`` items and read its answer. Never retries and never waits for a budget.

        Raises ``TransientError`` (with ``applied`` False only when it is certain that nothing was applied),
        ``CredentialsRefused``, and ``DestinationError`` for answers that no retry can mend.
        """

    def known(self, identifier: str, keys: Sequence[str]) -> frozenset[str]:
        """Which of ``keys`` (at most 100) belong to a record the workspace holds. Needs a reading key.

        Raises as ``workspace`` does.
        """

    def close(self) -> None:
        """Close idle connections. May be called twice."""
