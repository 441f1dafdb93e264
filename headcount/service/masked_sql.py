"""Could a query show a masked column under another name?

Masks go by the names of columns, and SQL can rename, combine and compare. So values of a query are shown only when it
is plain to see that it does none of this to a masked column; anything else is veiled as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp


def may_show(sql: str, dialect: str, masked: frozenset[str]) -> bool:
    """True unless the query names masked columns only as they are, from tables only as they are."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except (SqlglotError, RecursionError):
        return True
    if not isinstance(tree, exp.Select) or len(list(tree.find_all(exp.Select))) != 1:
        return True
    return any(_suspicious(tree, {name.casefold() for name in masked}))


def _suspicious(tree: exp.Select, masked: set[str]) -> Iterator[bool]:
    from sqlglot import exp

    tables = list(tree.find_all(exp.Table))
    yield any(not isinstance(table.this, exp.Identifier) or table.args.get("pivots") for table in tables)
    yield any(alias.args.get("columns") for alias in tree.find_all(exp.TableAlias))
    yield any(
        tree.find_all(
            exp.SetOperation, exp.Subquery, exp.With, exp.Lateral, exp.Unnest, exp.Pivot, exp.Columns
        )
    )
    yield any(_changes(star) for star in tree.find_all(exp.Star))
    rows = {name.casefold() for table in tables for name in (table.name, table.alias) if name}
    for column in tree.find_all(exp.Column):
        name = column.name.casefold()
        yield name in rows  # the whole row as one value
        yield name in masked and column.parent is not tree


def _changes(star: exp.Expression) -> bool:
    """Does a ``*`` rename, replace or count?"""
    from sqlglot import exp

    inside = star.parent if isinstance(star.parent, exp.Column) else star
    counted = isinstance(inside.parent, exp.Count)
    return bool(star.args.get("rename") or star.args.get("replace")) or not (
        counted or isinstance(inside.parent, exp.Select)
    )
