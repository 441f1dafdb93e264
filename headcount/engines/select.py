"""Is a model's SQL exactly one SELECT?

Two guards stand in a row, and each is enough for an honest mistake. Here the SQL is read: one statement, a
query, that writes and locks nothing. Then the engine runs it inside ``SELECT … FROM ( … )`` in a read-only
transaction, where a database accepts nothing but a query.

SQL that sqlglot cannot read is let through if its tokens stay inside those brackets: every database knows
syntax that sqlglot does not, and for a typing mistake the database's own message points at the right place.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from headcount.errors import SourceError

if TYPE_CHECKING:
    from sqlglot import Token

HINT = "A model's SQL is one SELECT (WITH and UNION are fine) that reads and changes nothing."


# Functions that reach files, other servers or other people's sessions, and those that run SQL which is kept in a text.
LEAVING = re.compile(
    r"pg_read_\w+|pg_ls_\w+|pg_file_\w+|pg_stat_file|pg_logical_\w+|dblink\w*|pg_(terminate|cancel)_backend"
    r"|lo_(import|export|get|put|open|creat\w*|from_bytea)|loread|(query|cursor|table|schema|database)_to_xml\w*|ts_stat|ts_rewrite|crosstab\w*|xpath_table|connectby"
    r"|load_file|sys_exec|sys_eval|readfile|writefile|load_extension"
)


def check_select(sql: str, dialect: str) -> str:
    """The SQL without its closing semicolon. Raises ``SourceError`` unless it is exactly one SELECT."""
    # Here and not above: a model that is a table needs no parser, and commands should start fast.
    import sqlglot
    from sqlglot.errors import ParseError, TokenError

    if dialect == "mysql" and ("/*!" in sql or "/*m!" in sql.lower()):
        raise SourceError(
            "The model's SQL has a comment that MySQL runs as code.", hint="Remove the /*! … */."
        )
    if dialect == "postgres" and re.search(r'\bu&\s*"', sql, re.IGNORECASE):
        raise SourceError("The model's SQL has a name in escapes (U&…).", hint="Write the name as it is.")
    try:
        tokens = sqlglot.tokenize(sql, read=dialect)
    except TokenError:
        raise SourceError("The model's SQL has a string, name or comment that does not end.") from None
    trimmed = _one_statement(sql, tokens)
    _begins_a_query(tokens, dialect)
    _calls_no_file(tokens)
    try:
        tree = sqlglot.parse_one(trimmed, read=dialect)
    except (ParseError, RecursionError):
        return trimmed
    _reads_only(tree)
    return trimmed


def _one_statement(sql: str, tokens: list[Token]) -> str:
    """The SQL up to its closing semicolon, if it cannot leave a pair of brackets put around it."""
    from sqlglot import TokenType

    depth = 0
    for index, token in enumerate(tokens):
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth < 0:
            break
        if token.token_type == TokenType.SEMICOLON:
            if any(rest.token_type != TokenType.SEMICOLON for rest in tokens[index:]):
                raise SourceError("The model's SQL has more than one statement.", hint=HINT)
            return sql[: token.start]
    if depth:
        raise SourceError("The brackets of the model's SQL do not match.")
    return sql


def _begins_a_query(tokens: list[Token], dialect: str) -> None:
    words = ("SELECT", "WITH", "(", "FROM") if dialect == "duckdb" else ("SELECT", "WITH", "(")
    first = tokens[0].text.upper() if tokens else ""
    if not first or first == ";":
        raise SourceError("The model's SQL is empty.", hint=HINT)
    if first not in words:
        raise SourceError(f"The model's SQL begins with {first[:20]!r}.", hint=HINT)


def _calls_no_file(tokens: list[Token]) -> None:
    """Functions that leave the database. A careful administrator forbids them; some connections are superusers'."""
    from sqlglot import TokenType

    for token, after in pairwise(tokens):
        if LEAVING.fullmatch(token.text.lower()) and after.token_type == TokenType.L_PAREN:
            raise SourceError(
                f"The model's SQL calls {token.text}, which reaches beyond the database.", hint=HINT
            )


def _reads_only(tree: object) -> None:
    from sqlglot import exp

    if not isinstance(tree, exp.Query):
        raise SourceError(f"The model's SQL is no SELECT but a {type(tree).__name__.upper()}.", hint=HINT)
    for node in tree.walk():
        if isinstance(node, exp.Into):
            raise SourceError("The model's SQL is a SELECT … INTO, which writes.", hint=HINT)
        if isinstance(node, exp.Lock):
            raise SourceError("The model's SQL locks the rows it reads (FOR UPDATE).", hint=HINT)
        if isinstance(node, (exp.DML, exp.DDL, exp.Command)) and not isinstance(node, exp.Query):
            raise SourceError(f"The model's SQL holds a {type(node).__name__.upper()}.", hint=HINT)
