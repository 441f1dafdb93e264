"""Could a query show a masked column under another name?

Masks go by the names of columns, and SQL can rename, combine and compare. So values of a query are shown only when it
is plain to see that it does none of this to a masked column: when every part of it is one of those named here, and
every relation is an ordinary table. Anything else is veiled as a whole. What PostgreSQL takes a name behind a table for
depends on the columns that the table has: ``behind_tables`` says which must be known. There, names of PostgreSQL's own
functions that show a whole row are suspicious, whatever is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from headcount.engines.wanted import spelled
from headcount.service.plain_sql import PLAIN, PLAIN_FUNCTIONS, ROW_FUNCTIONS

if TYPE_CHECKING:
    from sqlglot import exp

# Schemas and names where databases keep samples of values, and the texts of statements.
_SYSTEM = {"pg_catalog", "information_schema", "mysql", "sys", "performance_schema", "system"}
_SYSTEM_NAME = re.compile(r"(pg|sqlite|duckdb|innodb)_.*|dbstat")
# Where the parser and the database may read a text differently: escapes, and comments that are none everywhere.
_AMBIGUOUS = re.compile(r"\\|#|--[^\s]|/\*(?:(?!\*/).)*/\*|/\*[!+]", re.DOTALL)


LONGEST = 63  # bytes of a name in PostgreSQL, which cuts off the rest


def is_system(parts: Sequence[str]) -> bool:
    """Does a relation, by the parts of its name, belong to the database itself?"""
    names = [part.casefold() for part in parts]
    return any(name in _SYSTEM or _SYSTEM_NAME.fullmatch(name) for name in names)


@lru_cache(maxsize=512)
def may_show(sql: str, dialect: str, masked: frozenset[str]) -> bool:
    """True unless the query names masked columns only as they are, from tables only as they are.

    ``masked`` are names in any case.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if _AMBIGUOUS.search(sql):
        return True
    try:
        tree = sqlglot.parse_one(sql, read=dialect)
    except (SqlglotError, RecursionError):
        return True
    if not isinstance(tree, exp.Select) or len(list(tree.find_all(exp.Select))) != 1:
        return True
    if dialect == "postgres":
        masked = frozenset(map(_cut, masked))
        for identifier in tree.find_all(exp.Identifier):
            identifier.set("this", _cut(identifier.name))
        if any(map(_calls, tree.find_all(exp.Column))):
            return True
    return any(_suspicious(tree, {name.casefold() for name in masked}))


@lru_cache(maxsize=512)
def behind_tables(sql: str) -> frozenset[tuple[str, str]]:
    """The names behind tables in a query that PostgreSQL reads and ``may_show`` found plain: the relation as a model's
    ``table`` spells it, or nothing where none of that name is read, and what is named of it.

    Where the relation has no such column, PostgreSQL calls a function of the whole row: ``u.to_json`` is
    ``to_json(u)``.
    """
    import sqlglot
    from sqlglot import exp

    tree = sqlglot.parse_one(sql, read="postgres")
    relations: dict[str, set[str]] = {}
    for table in tree.find_all(exp.Table):
        alias = table.args.get("alias")
        name = _stored(alias.this if alias is not None else table.this)
        relations.setdefault(name, set()).add(spelled(*map(_stored, table.parts)))
    return frozenset(
        (relation, _stored(column.this))
        for column in tree.find_all(exp.Column)
        if column.table and isinstance(column.this, exp.Identifier)
        for relation in relations.get(_stored(column.args["table"]), {""})
    )


def _stored(identifier: exp.Expr) -> str:
    """A name as PostgreSQL knows it."""
    name = identifier.name
    lower = name if identifier.args.get("quoted") else "".join(c.lower() if c.isascii() else c for c in name)
    return _cut(lower)


def _cut(name: str) -> str:
    return name.encode()[:LONGEST].decode(errors="ignore")


def _suspicious(tree: exp.Select, masked: set[str]) -> Iterator[bool]:
    from sqlglot import exp

    yield any(not _plain(node) for node in tree.walk())
    tables = list(tree.find_all(exp.Table))
    yield any(not _as_it_is(table) for table in tables)
    yield any(alias.args.get("columns") for alias in tree.find_all(exp.TableAlias))
    yield any(
        join.args.get("method") for join in tree.find_all(exp.Join)
    )  # they compare without naming columns
    yield any(_changes(star) for star in tree.find_all(exp.Star))
    rows = {name.casefold() for table in tables for name in (table.name, table.alias) if name}
    yield any(_names(column, tree, masked, rows) for column in tree.find_all(exp.Column))
    # A name elsewhere compares, as in USING; one in quotes is a name to some databases.
    names = (node for node in tree.find_all(exp.Identifier) if node.name.casefold() in masked)
    yield any(
        not isinstance(name.parent, (exp.Column, exp.Alias, exp.Table, exp.TableAlias)) for name in names
    )
    yield any(node.name.casefold() in masked | rows for node in tree.find_all(exp.Literal) if node.is_string)
    yield from _of_what_is_shown(tree, masked, len(tables))


def _plain(node: exp.Expr) -> bool:
    from sqlglot import exp

    if isinstance(node, exp.Anonymous):
        return node.name.casefold() in PLAIN_FUNCTIONS
    return type(node).__name__ in PLAIN


def _as_it_is(table: exp.Table) -> bool:
    from sqlglot import exp

    return (
        isinstance(table.this, exp.Identifier)
        and not table.args.get("pivots")
        and not is_system([part.name for part in table.parts])
    )


def _calls(column: exp.Column) -> bool:
    """Would PostgreSQL call a function of its own for a whole row, if the table had no such column?"""
    return bool(column.table) and column.name.casefold() in ROW_FUNCTIONS


def _names(column: exp.Column, tree: exp.Select, masked: set[str], rows: set[str]) -> bool:
    """Does it name a masked column where that is changed or compared, or a whole row as one value?"""
    from sqlglot import exp

    *before, name = (part.name.casefold() for part in column.parts)
    if name in rows or any(part in masked for part in before):
        return True
    left_out = isinstance(column.parent, exp.Star) and column.arg_key == "except_"
    return name in masked and column.parent is not tree and not left_out


def _changes(star: exp.Expression) -> bool:
    """Does a ``*`` rename, replace or count?"""
    from sqlglot import exp

    inside = star.parent if isinstance(star.parent, exp.Column) else star
    counted = isinstance(inside.parent, exp.Count)
    return bool(star.args.get("rename") or star.args.get("replace")) or not (
        counted or isinstance(inside.parent, exp.Select)
    )


def _of_what_is_shown(tree: exp.Select, masked: set[str], tables: int) -> Iterator[bool]:
    """A column that is there twice is renamed by some databases; places compare what they do not name."""
    from sqlglot import exp

    shown = [column.name.casefold() for column in tree.expressions if isinstance(column, exp.Column)]
    stars = shown.count("*") + tables * sum(isinstance(each, exp.Star) for each in tree.expressions)
    most = max((shown.count(name) for name in masked), default=0)
    yield stars + most > 1
    if stars + most:
        yield tree.args.get("distinct") is not None
        group = tree.args.get("group")
        terms = [*tree.find_all(exp.Ordered), *(group.expressions if group else [])]
        yield any(term.find(exp.Column) is None for term in terms) or bool(group and group.args.get("all"))
