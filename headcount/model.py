"""The nouns of the trade, as frozen values: what a sync is, what a plan holds, what became of each change."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

# How a Mirror says that a key in doubt keeps everybody; a run keeps it among its warnings.
NOBODY_REMOVED = "the key cannot be read, so nobody is removed in this run"


class Behavior(Enum):
    """What a sync may do to the records of its object."""

    UPDATE_OR_CREATE = (
        "update_or_create"  # new keys are created, known ones updated, vanished ones left alone
    )
    UPDATE_ONLY = "update_only"  # never creates
    MIRROR = "mirror"  # as update or create, and vanished keys are removed
    APPEND_ONLY = "append_only"  # every key is sent once, for ever; events know nothing else


class NullRule(Enum):
    """What a NULL in the source says to the destination."""

    UNSET = "unset"  # send null: the attribute is removed there
    SKIP = "skip"  # say nothing: what was sent before stays
    KEEP = "keep"  # send the empty string


class ValueType(Enum):
    """The declared type of a mapping: how a source value becomes a wire value."""

    AUTO = "auto"  # follow the source column's own type
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"  # unix seconds
    JSON = "json"  # text parsed as JSON, nested values with sorted keys
    BASE64 = "base64"  # the only way binary columns travel


class Kind(Enum):
    """The type of a source column, as far as wire values depend on it."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"  # Arrow decimal, or Arrow text holding a number in decimal notation
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"  # without a zone: read as UTC
    TIMESTAMPTZ = "timestamptz"
    TIME = "time"
    UUID = "uuid"
    BINARY = "binary"
    NESTED = "nested"  # Arrow list, struct or map
    JSON = "json"  # Arrow text holding one JSON document
    VARIANT = "variant"  # Arrow text holding one JSON value per row: each value brings its own type


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a model. ``declared`` is the type in the source's own words, shown to people."""

    name: str
    kind: Kind
    declared: str = ""


@dataclass(frozen=True, kw_only=True)
class Model:
    """The rows a sync reads: exactly one of ``table``, ``query`` and ``path`` is set.

    ``types`` declares column kinds where the source has none (CSV, SQLite, JSON files).
    """

    key: str
    name: str
    connection: str
    table: str | None = None
    query: str | None = None
    path: str | None = None
    types: MappingABC[str, Kind] = field(default_factory=dict)


# Where a mapping's value comes from.


@dataclass(frozen=True)
class FromColumn:
    name: str


@dataclass(frozen=True)
class Constant:
    value: Any  # any JSON value


@dataclass(frozen=True)
class Template:
    text: str  # Liquid; columns by name or as record['name']


@dataclass(frozen=True)
class Metadata:
    """A fact about the run, added while sending and never compared."""

    name: str  # one of METADATA


METADATA = ("run_id", "run_started_at", "sync_name")

MappingSource = FromColumn | Constant | Template | Metadata


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """One destination field and where its value comes from.

    ``slot`` is the place in the payload: ``attributes`` for every custom field, or one of the object's own
    places, such as an event's ``name``, ``timestamp`` and ``person``. In the slot ``person``, ``to`` names the
    identifier (id, email, cio_id or anonymous_id).
    """

    to: str
    source: MappingSource
    type: ValueType = ValueType.AUTO
    null: NullRule = NullRule.UNSET
    slot: str = "attributes"


class NameStyle(Enum):
    """How Sync All Properties names the fields it makes from columns."""

    MATCH_SOURCE = "match_source_names"
    SNAKE = "snake_case"
    CAMEL = "camel_case"
    START = "start_case"
    LOWER = "lower_case"
    UPPER = "upper_case"


@dataclass(frozen=True, kw_only=True)
class Guards:
    """When a run stops and asks (P9). Shares are of the records acknowledged so far, from 0 to 1."""

    max_changed: float = 0.5
    max_removed: float = 0.1
    minimum: int = 100  # with fewer acknowledged records than this the shares are not looked at
    zero_rows: bool = True


@dataclass(frozen=True, kw_only=True)
class Sync:
    """A model, an object of a destination, and how one becomes the other."""

    key: str
    name: str
    model: Model
    destination: str  # key of the destination connection
    object: str  # "person" or "event"
    behavior: Behavior
    identifier: str  # the destination's field: id, email or cio_id; "unique_id" for events
    key_column: str
    mappings: tuple[Mapping, ...]
    event_type: str = "event"  # event, page or screen
    stream_id: str = ""  # what the ids of an Events sync are derived from
    backfill: bool = True  # Append Only: does the first run send the rows that are there already?
    all_columns: NameStyle | None = None  # Sync All Properties
    changed_fields_only: bool = False
    warn_only: tuple[str, ...] = ()  # names of checks that do not stop a row
    guards: Guards = field(default_factory=Guards)


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How fast a workspace may be written to, by all syncs and processes together.

    ``reserve`` is the share of the requests that is left to others, such as the live application.
    """

    requests_per_second: float = 50.0
    reserve: float = 0.0
    max_items: int = 100
    max_bytes: int = 500_000
    senders: int = 3

    @property
    def pace(self) -> float:
        """Requests in any one second that are not left to others."""
        return round(self.requests_per_second * (1 - self.reserve), 6)


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Full jitter between attempts: a pause is drawn from 0 to ``base * 2**attempt``, at most ``cap`` seconds."""

    attempts: int = 6
    base: float = 0.5
    cap: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """What the destination says about itself when asked with a connection's credentials."""

    environment_id: int
    region: str
    url: str
    name: str = ""


class Operation(Enum):
    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A frozen, numbered list of changes: ``path`` is an immutable Parquet file, ``fields`` its column order.

    Columns of the file: ``seq`` (from 0), ``op``, ``key``, ``f000`` … (wire values to send, NULL: not sent) and
    ``o000`` … (wire values acknowledged before, NULL: never sent; not there when nothing was acknowledged at all).
    With ``digests``, their recipe, also ``digest``: by which a row is recognised once it is accepted.
    """

    path: Path
    fields: tuple[str, ...]
    digests: str = ""
    add: int = 0
    change: int = 0
    remove: int = 0

    @property
    def size(self) -> int:
        return self.add + self.change + self.remove


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Consecutive changes of a plan that travel in one request: ``first`` to ``last``, both included.

    ``items`` is the concatenation of the JSON operations, each followed by a comma; ``offsets`` are the
    positions in it where items begin, and its length as the last one.
    """

    first: int
    items: bytes
    offsets: tuple[int, ...]

    @property
    def count(self) -> int:
        return len(self.offsets) - 1

    @property
    def last(self) -> int:
        return self.first + self.count - 1

    def body(self, start: int = 0, end: int | None = None) -> bytes:
        """The request body for the items ``start`` to ``end`` (not included)."""
        stop = self.offsets[self.count if end is None else end]
        return b'{"batch":[' + self.items[self.offsets[start] : stop - 1] + b"]}"


class Fate(Enum):
    """What became of one change."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    IN_DOUBT = "in doubt"  # sent, and no readable answer: it may or may not have been applied
    UNSENT = "unsent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The fate of one change. ``index`` counts from 0 inside its batch; the words are the destination's own.

    ``doubt``: it was rejected in the end, and an earlier attempt may have been applied all the same.
    """

    index: int
    fate: Fate
    reason: str = ""
    field: str = ""
    message: str = ""
    doubt: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """One request and what came back. ``request`` and ``answer`` are empty unless somebody asked for copies.

    ``status`` is None when no readable answer came; ``errors`` are field, reason and message of what the answer
    complained about, each once, ``complaints`` how many items it named.
    """

    at: datetime
    attempt: int  # 1 for the first
    items: int
    bytes: int
    seconds: float
    status: int | None = None
    complaints: int = 0
    errors: tuple[tuple[str, str, str], ...] = ()
    request: str = ""
    answer: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """The stored outcomes of one batch. What is not listed in ``exceptions`` was accepted.

    ``exchanges`` are the requests it took, for people to look at; they are not read back with the rest.
    """

    first: int
    last: int
    exceptions: tuple[Outcome, ...] = ()
    requests: int = 0
    bytes: int = 0
    exchanges: tuple[Exchange, ...] = ()

    def count(self, fate: Fate) -> int:
        if fate is Fate.ACCEPTED:
            return self.last - self.first + 1 - len(self.exceptions)
        return sum(outcome.fate is fate for outcome in self.exceptions)


@dataclass(frozen=True, kw_only=True)
class Invalid:
    """A row that is never sent, and why. ``key`` is empty when the row has none."""

    key: str
    field: str
    reason: str


class RunKind(Enum):
    """What a run was asked to do."""

    RUN = "run"  # send what changed
    RETRY = "retry"  # let held rows go first
    TEST = "test"  # one row, whether it changed or not


class Lane(Enum):
    """Which of several runs that wait goes first, and which gives way while it works."""

    EVENTS = 1  # of what happened lately: campaigns wait for it
    REGULAR = 2
    BACKFILL = 3  # of everything: takes what the others leave


class RunStatus(Enum):
    QUEUED = "queued"  # recorded, not begun
    WORKING = "working"
    PAUSED = "paused"  # by a person, until somebody resumes it
    WAITING = "waiting"  # a guard asks for approval
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"  # another run of the sync was working, or was to come before it
    CANCELED = "canceled"
    SUPERSEDED = "superseded"  # interrupted, and a new plan took its place


@dataclass(frozen=True, kw_only=True)
class Counts:
    """The sums of a run (P1)."""

    read: int = 0
    add: int = 0
    change: int = 0
    remove: int = 0
    unchanged: int = 0
    invalid: int = 0
    held: int = 0
    missed: int = 0
    accepted: int = 0
    rejected: int = 0
    in_doubt: int = 0
    unsent: int = 0
    requests: int = 0
    bytes: int = 0

    @property
    def planned(self) -> int:
        return self.add + self.change + self.remove


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """What the line needs to know about the run it works on."""

    id: int
    started_at: datetime  # timezone-aware
