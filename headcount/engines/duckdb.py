"""DuckDB database files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headcount.engines.base import Relation, seen
from headcount.engines.duck_session import DuckSession, select_list
from headcount.engines.duck_types import typed_column
from headcount.engines.fields import EngineType, Field
from headcount.engines.wanted import at_most, from_clause, refuse_duplicates, refuse_unknown, spelled
from headcount.errors import SourceError
from headcount.model import Column, Model

if TYPE_CHECKING:
    import pyarrow as pa

RELATIONS = """
    SELECT CASE WHEN schema_name <> current_schema() THEN schema_name END, name, kind
    FROM (
        SELECT schema_name, table_name AS name, 'table' AS kind FROM duckdb_tables() WHERE NOT internal
        UNION ALL
        SELECT schema_name, view_name, 'view' FROM duckdb_views() WHERE NOT internal
    )
"""


class DuckDBSource:
    """One database file, opened read-only."""

    def __init__(self, path: str) -> None:
        self._path = Path(path).expanduser()
        if not self._path.is_file():
            raise SourceError(f"There is no DuckDB file {self._path}.", hint="Check the connection's path.")
        self._session = DuckSession(str(self._path))

    def check(self) -> str:
        ((version,),) = self._session.rows("SELECT version()")
        return f"DuckDB {version} reads {self._path.name}: {seen(self.relations())}."

    def relations(self) -> tuple[Relation, ...]:
        found = self._session.rows(RELATIONS)
        named = (Relation(name=spelled(*filter(None, names)), kind=kind) for *names, kind in found)
        return tuple(sorted(named, key=lambda relation: relation.name))

    def columns(self, model: Model) -> tuple[Column, ...]:
        return tuple(column for column, _ in self._readings(model))

    def read(
        self, model: Model, columns: Sequence[str], limit: int | None = None
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        readings = {column.name: expression for column, expression in self._readings(model)}
        refuse_unknown(model, readings, columns)
        chosen = select_list([(name, readings[name]) for name in columns])
        return self._session.read(
            f"SELECT {chosen} FROM {from_clause(model, 'duckdb', chr(34))}{at_most(limit)}"
        )

    def _readings(self, model: Model) -> list[tuple[Column, str]]:
        source = from_clause(model, "duckdb", '"')
        if model.query is not None:
            self._session.refuse_but_select(f"SELECT * FROM {source}")
        described = self._session.describe(source.removesuffix(" AS q") if model.query else f"FROM {source}")
        refuse_duplicates([name for name, _ in described])
        return [typed_column(model, name, declared) for name, declared in described]

    def stop(self) -> None:
        self._session.stop()

    def close(self) -> None:
        self._session.close()


def _open(settings: dict[str, Any]) -> DuckDBSource:
    return DuckDBSource(settings["path"])


ENGINE = EngineType(
    name="duckdb",
    label="DuckDB",
    dialect="duckdb",
    fields=(Field(name="path", label="File", required=True, help="Path of the DuckDB database file."),),
    models=("table", "query"),
    open=_open,
    guide="The file is on the machine that runs Headcount, and readable for the user it runs as. "
    "Nothing is written to it or beside it.",
)
