"""What a sync remembers between its runs: the acknowledged wire values and the held rows.

A state is kept in one of several places, and each has the same form in the workbench while it is open, as the schema
``state``. It is open only while a run plans (to read) and folds (to write), never while it delivers. Attribute names
may be 150 bytes long and differ only in case, so columns have positional names (``f000`` …) and the table ``fields``
says which is which.

    meta          name, value
    fields        position, id, signature
    acknowledged  key, in_doubt, digest, f000 …       NULL: never sent
    held          key, op, run, reason, field, message, signature, released, f000 …   the refused wire values

Here is what all places have in common, and the first of them: a DuckDB file, which admits one process that writes.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from headcount.errors import StateBusy, StateError
from headcount.workbench import Workbench, own_files, quote_text

HELD = ("key", "op", "run", "reason", "field", "message", "signature", "released")
SCHEMA = "1"
REMEMBERED = 200  # markers of folded runs, and as many of tests
PATIENCE = 10.0  # seconds to wait for another process to let go of the file


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Whose state it is. Another identity starts a new generation: nothing acknowledged carries over."""

    environment_id: int
    object: str
    identifier: str
    key_column: str

    def text(self) -> str:
        return json.dumps([self.environment_id, self.object, self.identifier, self.key_column])

    @staticmethod
    def parse(text: str) -> Identity:
        environment_id, object_, identifier, key_column = json.loads(text)
        return Identity(
            environment_id=environment_id, object=object_, identifier=identifier, key_column=key_column
        )


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """What the state holds, read once per opening. ``positions`` maps field ids to column numbers."""

    identity: Identity | None = None
    folded_runs: tuple[str, ...] = ()  # markers of the newest runs that were folded, oldest first
    folded_tests: tuple[str, ...] = ()  # the same of runs of a single row
    last_fold: str = ""  # the account of the run that was folded last
    acknowledged: int = 0
    in_doubt: int = 0
    held: int = 0
    source_rows: int | None = None  # rows the last folded run read
    column_kinds: dict[str, str] | None = None
    positions: dict[str, int] | None = None
    signatures: dict[str, str] | None = None
    digests: str | None = None  # what the stored digests were made of

    def column(self, field_id: str) -> str | None:
        position = (self.positions or {}).get(field_id)
        return None if position is None else f"f{position:03d}"


class Opened:
    """A state that is open to be read. ``state.held`` is there if anything is held; of what is acknowledged only what
    was asked for, where a place has to bring it first. Here it is there already.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def load(self, columns: Sequence[str]) -> None:
        """Make all of ``state.acknowledged`` ready, with ``key``, ``in_doubt`` and these columns."""

    def complete(self, keys: str) -> None:
        """Make ready the whole rows of the keys that this SQL yields."""


Touched = Callable[[Catalogue], str | None]


def nothing(_: Catalogue) -> str:
    """``Touched`` when no acknowledged row will be looked at or changed."""
    return "SELECT NULL::VARCHAR AS key WHERE false"


class State(Protocol):
    """The state of one sync, wherever it is kept. Errors are ``StateError`` and ``StateBusy``."""

    def exists(self) -> bool:
        """Is there anything yet?"""

    def reading(self, bench: Workbench) -> AbstractContextManager[Opened]:
        """Open to read, as it is at this moment; a state that does not exist yet reads as empty."""

    def writing(self, bench: Workbench, touched: Touched) -> AbstractContextManager[Catalogue]:
        """Open to write, in one transaction: all of it happens, or nothing. One at a time; others wait a while.

        ``touched`` yields SQL for the keys of acknowledged rows that may be looked at or changed, None for all. Rows
        of other keys may only be added.
        """

    def copied(self, bench: Workbench, path: Path) -> StateFile:
        """The state as it is now, in a file nobody else waits for. Held open only while it is copied."""

    def replace(self, bench: Workbench, source: StateFile) -> None:
        """Become what ``source`` is, in one transaction."""

    def rewrite(self, bench: Workbench) -> None:
        """Write what is there anew, and drop the old, in which deleted values may still stand."""

    def delete(self) -> None:
        """Forget everything."""


class StateFile:
    """``State`` in a file, attached to a workbench while it is open."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def exists(self) -> bool:
        return self.path.exists()

    @contextmanager
    def reading(self, bench: Workbench) -> Iterator[Opened]:
        if not self.path.exists():
            yield Opened(Catalogue())
            return
        with _patiently(bench, self.path, read_only=True):
            yield Opened(read_catalogue(bench))

    def copied(self, bench: Workbench, path: Path) -> StateFile:
        with self.reading(bench), own_files(path.parent):
            for name in (self.path.name, f"{self.path.name}.wal"):
                if (source := self.path.with_name(name)).exists():
                    shutil.copyfile(source, path.with_name(name.replace(self.path.name, path.name)))
        return StateFile(path)

    def rewrite(self, bench: Workbench) -> None:
        part = self.path.with_suffix(".part")
        with own_files(self.path.parent):
            part.unlink(missing_ok=True)
        with (
            _patiently(bench, self.path, read_only=False),
            bench.attached(part, "rewritten", read_only=False),
        ):
            bench.run("COPY FROM DATABASE state TO rewritten")
        with own_files(self.path.parent):
            part.replace(self.path)
            self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)

    def replace(self, bench: Workbench, source: StateFile) -> None:
        part = source.copied(bench, self.path.with_suffix(".part")).path
        with own_files(self.path.parent):
            self.path.with_name(f"{self.path.name}.wal").unlink(missing_ok=True)
            part.replace(self.path)

    def delete(self) -> None:
        with own_files(self.path.parent):
            for path in self.path.parent.glob(f"{self.path.stem}.*"):
                path.unlink(missing_ok=True)

    @contextmanager
    def writing(self, bench: Workbench, touched: Touched) -> Iterator[Catalogue]:
        with own_files(self.path.parent):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with _patiently(bench, self.path, read_only=False):
            bench.run("BEGIN")
            try:
                create_tables(bench)
                yield read_catalogue(bench)
                bench.run("COMMIT")
            except BaseException:
                with suppress(Exception):  # a failed commit has rolled back by itself
                    bench.run("ROLLBACK")
                raise


@contextmanager
def _patiently(bench: Workbench, path: Path, *, read_only: bool) -> Iterator[None]:
    """Attach the file as ``state``; while another process has it, wait a little before giving up."""
    deadline = time.monotonic() + PATIENCE
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(bench.attached(path, "state", read_only=read_only))
                break
            except StateBusy:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        yield


def create_tables(bench: Workbench) -> None:
    """The tables of the schema ``state``, where they are missing."""
    for statement in (
        "meta (name VARCHAR, value VARCHAR)",
        "fields (position INTEGER, id VARCHAR, signature VARCHAR)",
        "acknowledged (key VARCHAR, in_doubt BOOLEAN, digest UHUGEINT)",
        "held (key VARCHAR, op VARCHAR, run BIGINT, reason VARCHAR, field VARCHAR, message VARCHAR,"
        " signature VARCHAR, released BOOLEAN)",
    ):
        bench.run(f"CREATE TABLE IF NOT EXISTS state.{statement}")


def read_catalogue(bench: Workbench) -> Catalogue:
    """The catalogue of the schema ``state``. Raises ``StateError`` for a form of another version."""
    meta = dict(bench.run("SELECT name, value FROM state.meta"))
    if meta.get("schema", SCHEMA) != SCHEMA:
        raise StateError(
            "This sync's state was written by another version of Headcount.",
            hint="Install the newest version.",
        )
    fields = bench.run("SELECT id, position, signature FROM state.fields ORDER BY position")
    counts = "SELECT count(*), count(*) FILTER (in_doubt) FROM state.acknowledged"
    acknowledged, in_doubt = bench.run(counts)[0]
    return Catalogue(
        identity=Identity.parse(meta["identity"]) if "identity" in meta else None,
        folded_runs=_folded(meta),
        folded_tests=tuple(json.loads(meta.get("folded_tests", "[]"))),
        last_fold=meta.get("last_fold", ""),
        acknowledged=acknowledged,
        in_doubt=in_doubt,
        held=bench.value("SELECT count(*) FROM state.held"),
        source_rows=int(meta["source_rows"]) if "source_rows" in meta else None,
        column_kinds=json.loads(meta["column_kinds"]) if "column_kinds" in meta else None,
        positions={id_: position for id_, position, _ in fields},
        signatures={id_: signature for id_, _, signature in fields},
        digests=meta.get("digests"),
    )


def _folded(meta: Mapping[str, str]) -> tuple[str, ...]:
    """Until the first fold after an upgrade there may be one marker under another name; or so many of tests among the
    others that a run which waits for approval is older than all of them: so they are not as many as can be remembered.
    """
    if "folded_runs" not in meta:
        return (meta["folded_run"],) if "folded_run" in meta else ()
    markers = tuple(json.loads(meta["folded_runs"]))
    return markers if "folded_tests" in meta else markers[1:] if len(markers) >= REMEMBERED else markers


@dataclass(frozen=True, kw_only=True)
class Sums:
    """A state in a few numbers: two states with the same ones hold the same."""

    acknowledged: int = 0
    held: int = 0
    checksum: str = ""


def sums(bench: Workbench) -> Sums:
    """Of all rows of the schema ``state``, in whatever order they stand."""
    fields = bench.run("SELECT position, id, signature FROM state.fields ORDER BY position")
    values = [f"f{position:03d}" for position, *_ in fields]
    acknowledged = _tally(bench, "acknowledged", ["key", "in_doubt", "digest", *values])
    held = _tally(bench, "held", [*HELD, *values])
    meta = bench.run("SELECT name, value FROM state.meta ORDER BY name")
    return Sums(acknowledged=acknowledged[0], held=held[0], checksum=repr((acknowledged, held, meta, fields)))


def _tally(bench: Workbench, table: str, columns: Sequence[str]) -> tuple[int, ...]:
    row = f"hash({', '.join(columns)})"
    sql = f"SELECT count(*), coalesce(sum({row}::HUGEINT), 0), coalesce(bit_xor({row}), 0) FROM state.{table}"
    return bench.run(sql)[0]


def set_meta(bench: Workbench, name: str, value: str) -> None:
    bench.run("DELETE FROM state.meta WHERE name = ?", [name])
    bench.run("INSERT INTO state.meta VALUES (?, ?)", [name, value])


def arrange_fields(
    bench: Workbench, catalogue: Catalogue, ids: Sequence[str], signatures: dict[str, str]
) -> dict[str, int]:
    """Give every field a column, forget the columns of fields that are no longer mapped. Returns the positions."""
    positions = dict(catalogue.positions or {})
    for id_ in [id_ for id_ in positions if id_ not in ids]:
        for table in ("acknowledged", "held"):
            bench.run(f"ALTER TABLE state.{table} DROP COLUMN f{positions[id_]:03d}")
        del positions[id_]
    for id_ in ids:
        if id_ not in positions:
            positions[id_] = _free_position({**(catalogue.positions or {}), **positions})
            for table in ("acknowledged", "held"):
                bench.run(f"ALTER TABLE state.{table} ADD COLUMN f{positions[id_]:03d} VARCHAR")
    if positions != catalogue.positions or signatures != catalogue.signatures:
        bench.run("DELETE FROM state.fields")
        rows = ", ".join(f"({positions[i]}, {quote_text(i)}, {quote_text(signatures[i])})" for i in ids)
        if rows:
            bench.run(f"INSERT INTO state.fields VALUES {rows}")
    return positions


def _free_position(positions: dict[str, int]) -> int:
    """None that was in use before: a place that compares names would take the old column for the new one."""
    return max(positions.values(), default=-1) + 1
