"""Looking around in a source: what it has, which columns, and some rows. Nothing is kept, and nothing takes long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import orjson
import pyarrow as pa

from headcount.amounts import amount
from headcount.control.models import Connection
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.engines import Relation, Source, open_source
from headcount.errors import ConfigurationError
from headcount.model import Column, Kind, Model
from headcount.project.kinds import KINDS
from headcount.service.connections import find_connection
from headcount.service.known_columns import acquaint
from headcount.service.looking import look_at
from headcount.service.masking import VEIL, Mask, mask_of
from headcount.service.misfits import Misfit, misfits
from headcount.service.settings import resolved, unquoted

ROWS = 50
OPEN = Mask()
LONGEST = 2_000  # characters of a value that are shown; the rest is cut off


@dataclass(frozen=True, kw_only=True)
class ColumnInfo:
    """A column as people see it. ``declared`` is the source's own word for its type; ``open`` says that a model may
    declare another kind.
    """

    name: str
    kind: str
    declared: str
    open: bool
    masked: bool


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The first rows of a model. Values are texts as people read them, None for NULL; masked ones are veiled.

    ``misfits``: what is in these rows and is not what the model declares.
    """

    columns: tuple[ColumnInfo, ...]
    rows: tuple[tuple[str | None, ...], ...]
    more: bool  # there are more than these
    milliseconds: int
    veiled: bool = False  # no row is there, for the SQL may show a masked column under another name
    misfits: tuple[Misfit, ...] = ()


def relations_of(key: str, *, seconds: float | None = None) -> tuple[Relation, ...]:
    """The tables, views or files of a source. Raises ``SourceError`` when it cannot be read, or not in time."""
    with _opened(key, seconds) as source:
        return source.relations()


def columns_of(model: Model, *, seconds: float | None = None) -> tuple[ColumnInfo, ...]:
    """The columns of a model that may not be saved yet, without reading its rows. Raises ``SourceError``."""
    with _opened(model.connection, seconds) as source:
        return tuple(_info(column, model, OPEN) for column in source.columns(model))


def rows_of(model: Model, *, limit: int = ROWS, seconds: float | None = None) -> Rows:
    """The first rows of a model that may not be saved yet, without what is masked: none at all of a query that may show
    masked columns, for their number would tell of them.

    A query that takes longer than ``seconds`` is stopped. Raises ``SourceError``.
    """
    began = perf_counter()
    with _opened(model.connection, seconds, model) as source:
        with told():
            mask = mask_of(model)
        columns = source.columns(model)
        infos = tuple(_info(column, model, mask) for column in columns)
        found = None if mask.whole else _read(source, model, columns, limit + 1)
    read = round((perf_counter() - began) * 1000)
    if found is None:
        return Rows(columns=infos, rows=(), more=False, milliseconds=read, veiled=True)
    shown = found.slice(0, limit)
    return Rows(
        columns=infos,
        rows=tuple(_texts(shown, columns, mask)),
        more=found.num_rows > limit,
        milliseconds=read,
        misfits=misfits(model, columns, shown, setup().root / "scratch"),
    )


@contextmanager
def _opened(key: str, seconds: float | None, model: Model | None = None) -> Iterator[Source]:
    """The source behind a connection, stopped when it is used for longer than the given seconds. With ``model`` it is
    asked first for what must be known of its query.
    """
    row = find_connection(key)
    with (
        unquoted(row),
        look_at(row.name, seconds) as patience,
        closing(patience.watching(opening(row))()) as source,
    ):
        if model is not None:
            acquaint(source, row, model)
        yield source


def opening(row: Connection) -> Callable[[], Source]:
    """What opens the source behind a connection, with its settings of now. Raises ``ConfigurationError``."""
    if KINDS[row.type].role != "source":
        raise ConfigurationError(f"{row.name} is a destination: there is nothing to read from.")
    with told():
        settings = resolved(row)
    return lambda: open_source(row.type, settings)


def _read(source: Source, model: Model, columns: Sequence[Column], limit: int) -> pa.Table:
    with source.read(model, [column.name for column in columns], limit) as reader:
        return reader.read_all()


def _texts(table: pa.Table, columns: Sequence[Column], mask: Mask) -> Iterator[tuple[str | None, ...]]:
    cells = [_shown(table.column(n).to_pylist(), column, mask) for n, column in enumerate(columns)]
    return zip(*cells, strict=True)


def _info(column: Column, model: Model, mask: Mask) -> ColumnInfo:
    return ColumnInfo(
        name=column.name,
        kind=column.kind.value,
        declared=column.declared,
        open=column.name in model.types or column.kind in (Kind.TEXT, Kind.VARIANT),
        masked=mask.covers(column.name),
    )


def _shown(values: list[Any], column: Column, mask: Mask) -> list[str | None]:
    if mask.covers(column.name):
        return [VEIL for _ in values]
    return [_text(value, column.kind) for value in values]


def _text(value: Any, kind: Kind) -> str | None:
    if value is None:
        return None
    if kind is Kind.VARIANT:  # text comes with quotes
        value = orjson.loads(value) if value.startswith('"') else value
    if isinstance(value, bytes):
        return amount(len(value), "byte")
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
