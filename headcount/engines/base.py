"""What Headcount asks of every source of rows.

A source is opened for one purpose, used by one thread, and closed. It reads; it never writes. A model's SQL runs
only here, on a connection of its own that sees nothing but the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from headcount.model import Column, Model


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Something a model can read without writing SQL: a table, a view or a file."""

    name: str
    kind: str  # "table", "view" or "file"


class Source(Protocol):
    """A database or a set of files that rows are read from.

    Every method raises ``SourceError`` with a hint when the source is unreachable, refuses the credentials, or
    does not know a table, file or column; the message never holds a password or a row value.
    """

    def check(self) -> str:
        """Prove that the source can be read. Returns one sentence for people: what answered, and its version."""

    def relations(self) -> tuple[Relation, ...]:
        """All tables, views or files the credentials can see, sorted by name."""

    def columns(self, model: Model) -> tuple[Column, ...]:
        """The columns of a model, in its order, without reading its rows where the source allows that."""

    def read(self, model: Model, columns: Sequence[str]) -> AbstractContextManager[pa.RecordBatchReader]:
        """The rows of a model, only the named columns, in one consistent read.

        Streams: memory does not grow with the number of rows. Batches hold at most some 20,000 rows. The Arrow
        types follow the ``kind`` that ``columns`` reported (see ``Kind``). A failure in the middle surfaces as
        ``SourceError`` while the reader is consumed.
        """

    def close(self) -> None:
        """Give back the connection. May be called twice."""
