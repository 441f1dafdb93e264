"""What Headcount asks of every destination: answers to whole requests, told apart by what they prove."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from headcount.model import Behavior, Sync, ValueType, Workspace

REQUEST_SECONDS = (
    14.0  # how long a request may take at most, connecting and the last byte of the answer included
)


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
    """One answer, read to its last byte: ``body``. At most one error per index; ``status`` is the HTTP status."""

    verdict: Verdict
    status: int
    errors: tuple[ItemError, ...] = ()
    body: bytes = field(default=b"", repr=False, compare=False)


class Client(Protocol):
    """A connection to one workspace. Used by several threads at once.

    No request takes longer than ``REQUEST_SECONDS``: how long a run takes to stop, and when another machine may take it
    over, is reckoned from that.
    """

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


@dataclass(frozen=True, kw_only=True)
class Check:
    """A documented limit, checked before anything is sent. ``name`` is what the project file calls it.

    A project file can turn any check into a warning.

    ``fails`` is a DuckDB condition and ``reason`` a DuckDB text expression, both over one wire value (or key),
    written as ``{w}``.
    """

    name: str
    fails: str
    reason: str
    gate: str = ""  # a cheaper condition that holds wherever ``fails`` may hold; asked of every row
    warns: bool = False  # the row is sent all the same, and counted


@dataclass(frozen=True, kw_only=True)
class WireField:
    """One field of a sync as the destination sees it: its place, its name, whether a row may leave it out."""

    slot: str
    to: str
    nullable: bool = False


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A field together with the SQL that yields its wire value (NULL: not sent)."""

    field: WireField
    sql: str


@dataclass(frozen=True, kw_only=True)
class PlanWarning:
    """Something to tell about the rows a plan adds or changes. ``count`` is an aggregate in SQL: how many rows.

    Where several rows are about one record because of a value they share, ``alike`` is SQL that is equal for such rows
    (NULL: the row shares nothing), and ``value`` the one for the wire value itself.

    ``first``: it is worth telling only while nothing of the sync was read before.
    """

    field: str
    reason: str
    count: str
    alike: str = ""
    value: str = ""
    first: bool = False


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """Something in a sync's mappings that no row could make right. ``field`` is the attribute it is about, or empty."""

    field: str = ""
    wrong: str
    mend: str


class DestinationObject(Protocol):
    """What a destination can receive. It declares; mapping, batching, forms and docs follow the declaration."""

    @property
    def name(self) -> str:
        """What the project file calls it."""

    @property
    def label(self) -> str:
        """What people call it."""

    @property
    def behaviors(self) -> tuple[Behavior, ...]:
        """What a sync may do to it."""

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The fields it can be known by."""

    @property
    def item_bytes(self) -> int:
        """The longest operation it takes."""

    @property
    def optional_slots(self) -> tuple[str, ...]:
        """Places of its own that a row may leave out, when its check only warns."""

    @property
    def suggested_fields(self) -> Mapping[str, str]:
        """Fields that mean something to the destination and are worth mapping first, and why."""

    def declared_type(self, slot: str, to: str) -> ValueType:
        """The type a field has in the destination; ``AUTO`` where the source column decides."""

    def takes_null(self, slot: str, to: str) -> bool:
        """May null be sent for a field? Where not, a NULL in the source says nothing."""

    def mistakes(self, sync: Sync) -> Iterator[Mistake]:
        """What is wrong with names and numbers of fields, and no row could make right."""

    def key_checks(self, sync: Sync) -> tuple[Check, ...]:
        """Checks of the key, which is plain text."""

    def field_checks(self, slot: str, to: str) -> tuple[Check, ...]:
        """Checks of one field's wire value, which is JSON text and never NULL where they are applied."""

    def plan_warnings(self, sync: Sync, fields: Sequence[Placed]) -> tuple[PlanWarning, ...]:
        """What can only be seen in all rows of a plan together."""

    def operation(self, sync: Sync, key: str, fields: Sequence[Placed]) -> str:
        """SQL for the JSON operation that adds or changes a record."""

    def removal(self, sync: Sync, key: str) -> str:
        """SQL for the JSON operation that removes a record."""
