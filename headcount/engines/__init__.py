"""Where rows are read from. One engine is one file and one line in ``ENGINES``.

Importing this package loads no database driver: each engine imports its own when it is opened.
"""

from __future__ import annotations

from headcount.engines import duckdb, files, mysql, postgresql, sqlite
from headcount.engines.base import Relation, Source
from headcount.engines.fields import EngineType, Field, Settings
from headcount.errors import ConfigurationError

ENGINES: dict[str, EngineType] = {
    "duckdb": duckdb.ENGINE,
    "sqlite": sqlite.ENGINE,
    "files": files.ENGINE,
    "postgresql": postgresql.ENGINE,
    "mysql": mysql.ENGINE,
}

__all__ = ["ENGINES", "EngineType", "Field", "Relation", "Settings", "Source", "open_source"]


def open_source(kind: str, settings: Settings) -> Source:
    """Open a source for one purpose; the caller closes it.

    Raises ``ConfigurationError`` when kind or settings cannot be used, ``SourceError`` when the source
    cannot be reached.
    """
    if kind not in ENGINES:
        raise ConfigurationError(f"There is no source {kind!r}.", hint=f"Use one of: {', '.join(ENGINES)}.")
    engine = ENGINES[kind]
    return engine.open(engine.complete(settings))
