"""``models:`` in the project file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from headcount.model import Kind
from headcount.project.entry import Entry

ColumnType = Literal[
    "text",
    "integer",
    "decimal",
    "float",
    "boolean",
    "date",
    "timestamp",
    "timestamptz",
    "time",
    "uuid",
    "binary",
    "nested",
    "json",
    "variant",
]


class ModelEntry(Entry):
    """The rows a sync reads: a table, a query or files of one source."""

    name: str = Field("", description="What people call it. The key when left out.")
    connection: str = Field(description="Key of a source under connections.")
    table: str | None = Field(None, description="A table or view, also as schema.table.")
    query: str | None = Field(None, description="One SELECT in the source's own SQL.")
    path: str | None = Field(None, description="A file or a pattern such as orders/*.parquet.")
    types: dict[str, ColumnType] = Field(
        {},
        description="Types of columns, where the source has none (CSV, SQLite, JSON).",
    )

    def kinds(self) -> dict[str, Kind]:
        return {column: Kind(name) for column, name in self.types.items()}
