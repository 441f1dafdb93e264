"""What Headcount asks of every source of rows.

A source is opened for one purpose, used by one thread, and closed. It reads; it never writes. A model's SQL
runs only here, on a connection of its own that sees nothing but the source.

What the Arrow columns of a batch look like, by the kind that ``columns`` reported:

    kind         Arrow type                            what it holds
    TEXT         string                                any text; NUL characters are passed on
    INTEGER      int8 … int64, uint8 … uint64, string  text: an integer of any size in decimal digits
    DECIMAL      decimal128, string                    text: a number in decimal notation, NaN, Infinity
    FLOAT        float, double, string                 NaN and infinities are passed on
    BOOLEAN      bool, string
    DATE         date32, string                        text: ISO 8601
    TIMESTAMP    timestamp[us], string                 text: ISO 8601
    TIMESTAMPTZ  timestamp[us, tz=UTC], string         text: ISO 8601 with an offset
    TIME         string                                HH:MM:SS and a fraction; MySQL's go beyond a day
    UUID         string                                as the source spells it
    BINARY       binary
    JSON         string                                one JSON document
    VARIANT      string                                one JSON value per row

No other type, and no dictionary, view, extension or nested type, is delivered.

A number, boolean, date or timestamp arrives as ``string`` when the source has no type for it and the model
declares one (CSV, SQLite, JSON files), or when its own type does not fit Arrow's (HUGEINT, numeric). The text
of a *declared* column is whatever the source holds and may be malformed: that is the row's fault, so whoever
maps it judges it. Text columns of typed sources may be declared too, such as a JSON document kept as text.

In SQLite and JSON files a declared column holds the value's own words: a string without quotes, a number,
``true`` and ``false``, nested values as JSON. Declared as JSON, a column of a JSON file holds each value as a
JSON document, and one of SQLite the text as it is. Declared as BINARY, text arrives as its bytes in UTF-8.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from headcount.amounts import amount
from headcount.model import Column, Model

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Something a model can read without writing SQL: a table, a view or a file."""

    name: str
    kind: str  # "table", "view" or "file"


def seen(relations: Sequence[Relation]) -> str:
    """How much a connection may read, for what it says when it is tested."""
    return amount(len(relations), "table or view", "tables and views")


class Source(Protocol):
    """A database or a set of files that rows are read from.

    Every method raises ``SourceError`` with a hint when the source is unreachable, refuses the credentials,
    or does not know a table, file or column; the message never holds a password or a row value.
    """

    def check(self) -> str:
        """Prove that the source can be read. Returns one sentence for people: what answered, its version."""

    def relations(self) -> tuple[Relation, ...]:
        """All tables, views or files the credentials can see, sorted by name."""

    def columns(self, model: Model) -> tuple[Column, ...]:
        """The columns of a model, in its order, without reading its rows where the source allows that."""

    def read(
        self, model: Model, columns: Sequence[str], limit: int | None = None
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        """The rows of a model, only the named columns, in one consistent read; at most ``limit`` of them, any ones.

        Streams: memory does not grow with the number of rows. Batches hold at most some 20,000 rows. The
        Arrow types follow the ``kind`` that ``columns`` reported (see the table above). A failure in the
        middle surfaces as ``SourceError`` while the reader is consumed.
        """

    def stop(self) -> None:
        """End whatever is running now and refuse what comes later: the other methods raise ``SourceError`` soon.

        The only method that another thread may call. Raises nothing.
        """

    def close(self) -> None:
        """Give back the connection. May be called twice."""
