"""CSV, Parquet and JSON files in folders that the connection names.

They are read by a DuckDB session that can open nothing outside these folders, through links or otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headcount.amounts import amount
from headcount.engines.base import Relation
from headcount.engines.duck_session import NARROW, DuckSession, select_list
from headcount.engines.duck_types import typed_column
from headcount.engines.fields import EngineType, Field
from headcount.engines.file_formats import PARQUET, Format, format_of
from headcount.engines.strips import copy, marks, page_sizes, same_files, side_by_side, strips
from headcount.engines.wanted import at_most, from_clause, quoted, refuse_duplicates, refuse_unknown
from headcount.errors import SourceError
from headcount.model import Column, Kind, Model

if TYPE_CHECKING:
    import pyarrow as pa

FOLDERS_HINT = (
    "A file has to be in one of the connection's folders, and not be a link that leads out of them."
)


class FilesSource:
    """A ``path`` is a file or a pattern, relative to a folder or absolute; a ``query`` is DuckDB SQL."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._folders = [Path(folder).expanduser().resolve() for folder in folders]
        for folder in self._folders:
            if folder.is_file():
                raise SourceError(f"{folder} is a file.", hint=f"Name the folder it is in: {folder.parent}.")
            if not folder.is_dir():
                raise SourceError(f"There is no folder {folder}.", hint="Check the connection's folders.")
        self._session = DuckSession(folders=[str(folder) for folder in self._folders])
        self._wide: dict[int, DuckSession] = {}  # by the columns they are made for

    def check(self) -> str:
        names = ", ".join(str(folder) for folder in self._folders)
        found = amount(len(self.relations()), "CSV, Parquet or JSON file", "CSV, Parquet and JSON files")
        return f"{found} in {names}."

    def relations(self) -> tuple[Relation, ...]:
        names = {
            str(path.relative_to(folder))
            for folder in self._folders
            for path in folder.rglob("*")
            if format_of(path) and path.is_file() and self._inside(path)
        }
        return tuple(Relation(name=name, kind="file") for name in sorted(names))

    def columns(self, model: Model) -> tuple[Column, ...]:
        return tuple(column for column, _ in self._readings(model, self._from(model)))

    def read(
        self, model: Model, columns: Sequence[str], limit: int | None = None
    ) -> AbstractContextManager[pa.RecordBatchReader]:
        source = self._from(model)
        readings = {column.name: expression for column, expression in self._readings(model, source)}
        refuse_unknown(model, readings, columns)
        chosen = select_list([(name, readings[name]) for name in columns])
        session = self._roomy(len(readings))
        if len(columns) > NARROW and (paths := self._parquet(model)):
            source = self._in_strips(session, paths, columns, f"{source}{at_most(limit)}") or source
        return session.read(f"SELECT {chosen} FROM {source}{at_most(limit)}")

    def _parquet(self, model: Model) -> list[Path]:
        paths = self._matches(model.path) if model.path else []
        return paths if paths and format_of(paths[0]) is PARQUET else []

    def _in_strips(
        self, session: DuckSession, paths: Sequence[Path], columns: Sequence[str], source: str
    ) -> str:
        """SQL for a copy of a wide file that takes less memory to read; empty where the file does as it is."""
        cut = strips(columns, dict(session.rows(page_sizes(paths))))
        if not cut:
            return ""
        before, folder = marks(paths), session.scratch()
        files = [folder / f"{number}.parquet" for number in range(len(cut))]
        for names, file in zip(cut, files, strict=True):
            session.rows(copy(names, source, file))
        same_files(paths, before)
        return side_by_side(files)

    def _roomy(self, columns: int) -> DuckSession:
        """Wide files need more memory than the session has, and what it has is locked."""
        if columns <= NARROW:
            return self._session
        if columns not in self._wide:
            folders = [str(folder) for folder in self._folders]
            self._wide[columns] = DuckSession(folders=folders, columns=columns)
            if self._session.stopped:  # looked at last: whoever stops sets it first
                self._wide[columns].stop()
        return self._wide[columns]

    def _from(self, model: Model) -> str:
        if model.table is not None:
            raise SourceError(
                f"Model {model.name!r} names a table, and its connection is files.", hint="Set path or query."
            )
        if model.path is None:
            source = from_clause(model, "duckdb", '"')
            self._session.refuse_but_select(f"SELECT * FROM {source}")
            return source
        paths = self._matches(model.path)
        return f"({_one_format(model, paths).scan(paths)}) AS q"

    def _readings(self, model: Model, source: str) -> list[tuple[Column, str]]:
        found = self._session.describe(source.removesuffix(" AS q"))
        refuse_duplicates([name for name, _ in found])
        kind = format_of(Path(model.path)) if model.path else None
        if kind is None or kind.typed:
            return [typed_column(model, name, declared) for name, declared in found]
        return [_untyped(name, declared, kind, model.types.get(name)) for name, declared in found]

    def _matches(self, pattern: str) -> list[Path]:
        """The files a pattern names, sorted. One outside the folders, if only by a link, is refused."""
        found = {path for folder in self._folders for path in _glob(folder, pattern) if path.is_file()}
        for path in sorted(found):
            if not self._inside(path):
                raise SourceError(f"{path} leads out of the connection's folders.", hint=FOLDERS_HINT)
        if not found:
            raise SourceError(f"No file matches {pattern}.", hint=FOLDERS_HINT)
        return sorted(path.resolve() for path in found)

    def _inside(self, path: Path) -> bool:
        real = path.resolve()
        return any(real.is_relative_to(folder) for folder in self._folders)

    def stop(self) -> None:
        self._session.stop()
        for session in tuple(self._wide.values()):
            session.stop()

    def close(self) -> None:
        for session in (self._session, *self._wide.values()):
            session.close()


def _glob(folder: Path, pattern: str) -> list[Path]:
    """Absolute patterns count when they lie under the folder; ``..`` never does."""
    wanted = Path(pattern).expanduser()
    if ".." in wanted.parts:
        raise SourceError(f"{pattern} steps out of a folder with '..'.", hint=FOLDERS_HINT)
    if wanted.is_absolute():
        if not wanted.is_relative_to(folder):
            return []
        wanted = wanted.relative_to(folder)
    exact = folder / wanted
    return [exact] if exact.is_file() else list(folder.glob(str(wanted)))


def _one_format(model: Model, paths: Sequence[Path]) -> Format:
    formats = {format_of(path) for path in paths}
    (only, *others) = formats
    if only is None or others:
        raise SourceError(
            f"Model {model.name!r} needs files of one kind.",
            hint="Names end in .csv, .tsv, .parquet, .json, .ndjson or .jsonl; text files also with .gz.",
        )
    return only


def _untyped(name: str, declared: str, found: Format, wanted: Kind | None) -> tuple[Column, str]:
    column = quoted(name, '"')
    if wanted is None:
        return Column(name=name, kind=found.kind, declared=declared), f"CAST({column} AS VARCHAR)"
    return Column(name=name, kind=wanted, declared=declared), found.words(column, wanted)


def _open(settings: dict[str, Any]) -> FilesSource:
    return FilesSource(settings["folders"])


ENGINE = EngineType(
    name="files",
    label="CSV, Parquet and JSON files",
    dialect="duckdb",
    fields=(
        Field(
            name="folders",
            label="Folders",
            required=True,
            default=[],
            help="Folders whose files may be read. Nothing outside them can be.",
        ),
    ),
    models=("path", "query"),
    open=_open,
    guide="The folders are on the machine that runs Headcount. "
    "Their CSV, TSV, Parquet and JSON files can be read, and those of their subfolders.",
)
