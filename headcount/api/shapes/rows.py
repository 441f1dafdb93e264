"""Rows and columns of a model, tables of a source, in JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ninja import Schema

from headcount.engines import Relation
from headcount.service.browsing import Rows as Found
from headcount.service.misfits import Misfit


class Column(Schema):
    """``declared`` is the source's own word for the type; values of masked columns are shown nowhere."""

    name: str
    kind: str
    declared: str
    masked: bool


class Rows(Schema):
    """The first rows of a model. Values are texts, null for NULL. ``more``: there are more than these. ``misfits``:
    what is in these rows and is not what the model's ``types`` declare.
    """

    columns: list[Column]
    rows: list[list[str | None]]
    more: bool
    milliseconds: int
    misfits: list[Misfit]


class Table(Schema):
    """Something a model can name: a table, a view or a file."""

    name: str
    kind: str


def rows(found: Found) -> Rows:
    return Rows(
        columns=[Column(**_only(asdict(column), Column)) for column in found.columns],
        rows=[list(row) for row in found.rows],
        more=found.more,
        milliseconds=found.milliseconds,
        misfits=list(found.misfits),
    )


def table(found: Relation) -> Table:
    return Table(**_only(asdict(found), Table))


def _only(values: dict[str, Any], shape: type[Schema]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in shape.model_fields}
