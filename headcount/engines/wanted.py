"""What a model asks for, checked against what the source has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from headcount.engines.select import check_select
from headcount.errors import SourceError
from headcount.model import Column, Kind, Model


def from_clause(model: Model, dialect: str, quote: str) -> str:
    """What follows FROM: a quoted table name, or the model's SQL, known to be one SELECT, in brackets.

    Raises ``SourceError`` for a model that names a file.
    """
    if model.query is not None:
        return f"(\n{check_select(model.query, dialect)}\n) AS q"  # line breaks: the SQL may end in a comment
    if model.table is not None:
        return table_name(model.table, quote)
    raise SourceError(
        f"Model {model.name!r} names a file, and its connection is a database.",
        hint="Set table or query, or use a connection of kind files.",
    )


def at_most(limit: int | None) -> str:
    """What ends a SELECT that is cut short."""
    return "" if limit is None else f" LIMIT {int(limit)}"


def table_name(text: str, quote: str) -> str:
    """``schema.table`` with every part quoted. A part that holds a point is written in double quotes."""
    return ".".join(quoted(part, quote) for part in split_name(text))


def split_name(text: str) -> list[str]:
    """The parts of ``schema.table``; ``"odd.name"`` is one part, two double quotes in it stand for one."""
    parts, part, inside = [], "", False
    for position, character in enumerate(text):
        if character == '"' and inside and text[position + 1 : position + 2] == '"':
            part += '"'
        if character == '"':
            inside = not inside
        elif character == "." and not inside:
            parts.append(part)
            part = ""
        else:
            part += character
    return [*parts, part]


def spelled(*parts: str) -> str:
    """The name of a table as a model's ``table`` has to spell it: what ``split_name`` takes apart again."""
    return ".".join(quoted(part, '"') if "." in part or '"' in part else part for part in parts)


def quoted(name: str, quote: str) -> str:
    return quote + name.replace(quote, quote * 2) + quote


def literal(text: str) -> str:
    """A SQL string for DuckDB and SQLite, where a backslash means nothing."""
    return "'" + text.replace("'", "''") + "'"


def declare(model: Model, column: Column) -> Column:
    """The column of a typed source as the model sees it: only text can be declared to be something else."""
    kind = model.types.get(column.name)
    if kind is None or kind is column.kind:
        return column
    if column.kind is not Kind.TEXT or kind is Kind.BINARY:
        raise SourceError(
            f"Column {column.name!r} is {column.declared}; model {model.name!r} declares it as {kind.value}.",
            hint="Only text can be declared otherwise: leave it out of types, or convert it in a query.",
        )
    return replace(column, kind=kind)


def refuse_duplicates(names: Sequence[str], *, ignore_case: bool = True) -> None:
    seen: set[str] = set()
    for name in names:
        word = name.casefold() if ignore_case else name
        if word in seen:
            raise SourceError(
                f"Two columns of the model are called {name!r}.",
                hint="Name one of them differently: in a file's first line, or in a query with AS.",
            )
        seen.add(word)


def refuse_unknown(model: Model, known: Iterable[str], names: Sequence[str]) -> None:
    """Raise ``SourceError`` when a named column, or one that the model gives a type, does not exist."""
    have = list(known)
    for name in [*names, *model.types]:
        if name not in have:
            raise SourceError(
                f"Model {model.name!r} has no column {name!r}.", hint=f"It has: {', '.join(have)}."
            )
