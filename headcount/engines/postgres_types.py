"""How each PostgreSQL type is read: the kind it has and the SQL that makes a plain Arrow type of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount.model import Kind

if TYPE_CHECKING:
    import pyarrow as pa

READINGS = {
    "bool": (Kind.BOOLEAN, "{}"),
    "int2": (Kind.INTEGER, "{}"),
    "int4": (Kind.INTEGER, "{}"),
    "int8": (Kind.INTEGER, "{}"),
    "oid": (Kind.INTEGER, "CAST({} AS int8)"),
    "float4": (Kind.FLOAT, "{}"),
    "float8": (Kind.FLOAT, "{}"),
    "numeric": (Kind.DECIMAL, "CAST({} AS text)"),
    "money": (Kind.DECIMAL, "CAST(CAST({} AS numeric) AS text)"),  # its own text follows the server's locale
    "text": (Kind.TEXT, "{}"),
    "varchar": (Kind.TEXT, "{}"),
    "name": (Kind.TEXT, "CAST({} AS text)"),
    "bpchar": (Kind.TEXT, "CAST({} AS text)"),  # without the blanks that fill it up
    "bytea": (Kind.BINARY, "{}"),
    "uuid": (Kind.UUID, "CAST({} AS text)"),
    "inet": (Kind.TEXT, "abbrev({})"),  # as psql shows it; its cast to text adds /32 to a single address
    "json": (Kind.JSON, "CAST({} AS text)"),
    "jsonb": (Kind.JSON, "CAST({} AS text)"),
    # Arrow knows no infinite day, so these become NULL.
    "date": (Kind.DATE, "CASE WHEN isfinite({0}) THEN {0} END"),
    "timestamp": (Kind.TIMESTAMP, "CASE WHEN isfinite({0}) THEN {0} END"),
    "timestamptz": (Kind.TIMESTAMPTZ, "CASE WHEN isfinite({0}) THEN {0} END"),
    "time": (Kind.TIME, "CAST({} AS text)"),
    "timetz": (Kind.TIME, "CAST({} AS text)"),
}


def declared_type(field: pa.Field) -> str:
    """The type's name in PostgreSQL, such as ``int4``, ``_int4`` for an array of it, or ``mood``."""
    notes: dict[bytes, bytes] = field.metadata or {}
    return notes.get(b"POSTGRESQL:type", b"").decode()


def reading(field: pa.Field, column: str) -> tuple[Kind, str]:
    """The kind of a column as the driver describes it, and the expression that reads ``column`` (quoted)."""
    import pyarrow as pa

    if pa.types.is_nested(field.type):  # arrays and composite types
        return Kind.JSON, f"CAST(to_json({column}) AS text)"
    # All others as PostgreSQL spells them: enum, inet, interval, ranges, types of extensions.
    kind, expression = READINGS.get(declared_type(field), (Kind.TEXT, "CAST({} AS text)"))
    return kind, expression.format(column)
