"""Looking around in a source: what it has, which columns, and some rows. Nothing is kept, and nothing takes long."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import orjson

from headcount.amounts import amount
from headcount.control.models import Connection
from headcount.control.trouble import told
from headcount.engines import Relation, Source, open_source
from headcount.errors import ConfigurationError, SourceError
from headcount.model import Column, Kind, Model
from headcount.project.kinds import KINDS
from headcount.service.connections import find_connection
from headcount.service.masking import VEIL, Mask
from headcount.service.settings import resolved

ROWS = 50
SECONDS = 15.0
VARIABLE = "HEADCOUNT_PREVIEW_SECONDS"
OPEN = Mask()
LONGEST = 200  # characters of a value that are shown


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
    """The first rows of a model. Values are texts as people read them, None for NULL; masked ones are veiled."""

    columns: tuple[ColumnInfo, ...]
    rows: tuple[tuple[str | None, ...], ...]
    more: bool  # there are more than these
    milliseconds: int
    veiled: bool = False  # everything, for the SQL may show a masked column under another name


def relations_of(key: str, *, seconds: float | None = None) -> tuple[Relation, ...]:
    """The tables, views or files of a source. Raises ``SourceError`` when it cannot be read, or not in time."""
    with _opened(key, seconds) as source:
        return source.relations()


def columns_of(model: Model, *, mask: Mask = OPEN, seconds: float | None = None) -> tuple[ColumnInfo, ...]:
    """The columns of a model that may not be saved yet, without reading its rows. Raises ``SourceError``."""
    with _opened(model.connection, seconds) as source:
        return tuple(_info(column, model, mask) for column in source.columns(model))


def rows_of(model: Model, *, mask: Mask = OPEN, limit: int = ROWS, seconds: float | None = None) -> Rows:
    """The first rows of a model that may not be saved yet.

    A query that takes longer than ``seconds`` is stopped. Raises ``SourceError``.
    """
    began = perf_counter()
    with _opened(model.connection, seconds) as source:
        columns = source.columns(model)
        infos = tuple(_info(column, model, mask) for column in columns)
        with source.read(model, [column.name for column in columns], limit + 1) as reader:
            table = reader.read_all()
    cells = [_shown(table.column(n).to_pylist(), column, mask) for n, column in enumerate(columns)]
    rows = tuple(zip(*cells, strict=True))
    return Rows(
        columns=infos,
        rows=rows[:limit],
        more=len(rows) > limit,
        milliseconds=round((perf_counter() - began) * 1000),
        veiled=mask.whole,
    )


@contextmanager
def _opened(key: str, given: float | None) -> Iterator[Source]:
    """The source behind a connection, stopped when it is used for longer than the ``given`` seconds."""
    seconds = _seconds() if given is None else given
    row = find_connection(key)
    source = _source(row)
    late = threading.Event()

    def stop() -> None:
        late.set()
        source.stop()

    clock = threading.Timer(seconds, stop)
    clock.daemon = True
    clock.start()
    try:
        yield source
    except SourceError:
        if late.is_set():
            raise SourceError(
                f"{row.name} did not answer within {seconds:g} seconds, and was told to stop.",
                hint="Make the query quicker: fewer rows with WHERE, or prepare its result as a table.",
            ) from None
        raise
    finally:
        clock.cancel()
        source.close()


def _seconds() -> float:
    """How long a look may take, unless the environment says otherwise."""
    try:
        return float(os.environ.get(VARIABLE) or SECONDS)
    except ValueError:
        raise ConfigurationError(f"{VARIABLE} must be a number of seconds.") from None


def _source(row: Connection) -> Source:
    if KINDS[row.type].role != "source":
        raise ConfigurationError(f"{row.name} is a destination: there is nothing to read from.")
    with told():
        settings = resolved(row)
    return open_source(row.type, settings)


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
