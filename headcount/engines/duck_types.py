"""How each DuckDB type is read: the kind it has and the SQL that makes a plain Arrow type of it."""

from __future__ import annotations

from headcount.engines.wanted import declare, quoted
from headcount.model import Column, Kind, Model

PLAIN = {
    "TINYINT": Kind.INTEGER,
    "SMALLINT": Kind.INTEGER,
    "INTEGER": Kind.INTEGER,
    "BIGINT": Kind.INTEGER,
    "UTINYINT": Kind.INTEGER,
    "USMALLINT": Kind.INTEGER,
    "UINTEGER": Kind.INTEGER,
    "UBIGINT": Kind.INTEGER,
    "FLOAT": Kind.FLOAT,
    "DOUBLE": Kind.FLOAT,
    "BOOLEAN": Kind.BOOLEAN,
    "VARCHAR": Kind.TEXT,
    "BLOB": Kind.BINARY,
}
AS_TEXT = {
    "HUGEINT": Kind.INTEGER,  # up to 39 digits, one more than decimal128 has
    "UHUGEINT": Kind.INTEGER,
    "BIGNUM": Kind.INTEGER,
    "UUID": Kind.UUID,
    "TIME": Kind.TIME,
    "TIME_NS": Kind.TIME,
    "TIME WITH TIME ZONE": Kind.TIME,
    "JSON": Kind.JSON,
}
# Arrow knows no infinite day, so these become NULL; and microseconds are what every engine has.
FINITE = {
    "DATE": (Kind.DATE, "DATE"),
    "TIMESTAMP": (Kind.TIMESTAMP, "TIMESTAMP"),
    "TIMESTAMP_S": (Kind.TIMESTAMP, "TIMESTAMP"),
    "TIMESTAMP_MS": (Kind.TIMESTAMP, "TIMESTAMP"),
    "TIMESTAMP_NS": (Kind.TIMESTAMP, "TIMESTAMP"),
    "TIMESTAMP WITH TIME ZONE": (Kind.TIMESTAMPTZ, "TIMESTAMPTZ"),
}
NESTED = ("STRUCT(", "MAP(", "UNION(")


def reading(declared: str, column: str) -> tuple[Kind, str]:
    """The kind of a column declared so, and the expression that reads ``column`` (quoted already)."""
    if declared in PLAIN:
        return PLAIN[declared], column
    if declared in AS_TEXT:
        return AS_TEXT[declared], f"CAST({column} AS VARCHAR)"
    if declared in FINITE:
        kind, target = FINITE[declared]
        return kind, f"CASE WHEN isfinite(CAST({column} AS {target})) THEN CAST({column} AS {target}) END"
    if declared.endswith("]") or declared.startswith(NESTED) or declared == "VARIANT":
        return Kind.JSON, f"CAST(to_json({column}) AS VARCHAR)"
    if declared.startswith("DECIMAL("):
        return Kind.DECIMAL, column
    return Kind.TEXT, f"CAST({column} AS VARCHAR)"  # ENUM, INTERVAL, BIT and what is yet to come


def typed_column(model: Model, name: str, declared: str) -> tuple[Column, str]:
    """A column of DuckDB's type ``declared``, and the expression that reads it."""
    kind, expression = reading(declared, quoted(name, '"'))
    return declare(model, Column(name=name, kind=kind, declared=declared)), expression
