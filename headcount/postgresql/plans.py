"""Frozen plans in PostgreSQL, so that whichever worker takes a run over sends exactly what was planned.

A plan's files stand there in pieces. Which plan a run has is told by its ``plan.json``, which says when it was made: a
copy on some machine with another one is out of date.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path

import psycopg

from headcount.changes import PLAN_FILE
from headcount.frozen import FILE
from headcount.postgresql.session import SCHEMA, Session, connect
from headcount.postgresql.trouble import told
from headcount.workbench import own_files

PIECE = 1_000_000  # bytes in a row
NAMES = (FILE, PLAN_FILE, "invalid.parquet", "digests.parquet", "seen.parquet")


class Plans:
    """The plans of all runs in the database at ``url``. Raises ``StateError``."""

    def __init__(self, url: str) -> None:
        self._url = url

    def keep(self, run: int, folder: Path, holder: str | None = None) -> bool:
        """Store the plan in a folder, unless that is done. All of it or nothing; an older one goes.

        With ``holder`` only while the run is theirs; else nothing is stored, and False returned.
        """
        with told(), own_files(folder), connect(self._url) as session:
            if _described(session, run) == (folder / FILE).read_bytes():
                return True
            with session.transaction():
                session.execute(f"DELETE FROM {SCHEMA}.plan_files WHERE run = %s", [run])
                for name in NAMES:
                    if (folder / name).exists():
                        _put(session, run, folder / name)
                if holder is not None and not _holds(session, run, holder):
                    raise psycopg.Rollback
                return True
        return False

    def fetch(self, folders: Mapping[int, Path]) -> None:
        """Make each folder hold the plan of its run; where none is stored the folder is left as it is."""
        with told(), connect(self._url) as session:
            for run, folder in folders.items():
                with own_files(folder), session.transaction():
                    _fetch(session, run, folder)

    def has(self, run: int) -> bool:
        """Is a plan stored for the run?"""
        with told(), connect(self._url) as session:
            sql = f"SELECT 1 FROM {SCHEMA}.plan_files WHERE run = %s AND name = %s AND part = 0"
            return session.execute(sql, [run, FILE]).fetchone() is not None

    def described(self, run: int) -> bytes | None:
        """What stands in the ``plan.json`` of the run's plan; None when none is stored."""
        with told(), connect(self._url) as session:
            return _described(session, run)

    def drop(self, runs: Sequence[int]) -> None:
        """Delete the plans of runs."""
        with told(), connect(self._url) as session:
            session.execute(f"DELETE FROM {SCHEMA}.plan_files WHERE run = ANY(%s)", [list(runs)])

    def stored(self) -> set[int]:
        """The runs whose plans are stored."""
        with told(), connect(self._url) as session:
            rows = session.execute(f"SELECT DISTINCT run FROM {SCHEMA}.plan_files")
            return {int(str(run)) for (run,) in rows}

    def outdated(self, folders: Mapping[int, Path]) -> set[int]:
        """The runs for which another plan is stored than the one in their folder."""
        with told(), connect(self._url) as session:
            stored = {run: _described(session, run) for run in folders}
        return {run for run, plan in stored.items() if plan is not None and not _is(folders[run], plan)}


def _fetch(session: Session, run: int, folder: Path) -> None:
    session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    described = _described(session, run)
    if described is None or _is(folder, described):
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in _names(session, run):
        _get(session, run, folder / name)
    (folder / FILE).write_bytes(described)  # last, for with it the plan counts


def _holds(session: Session, run: int, holder: str) -> bool:
    """Nobody else can take the run from now on until the transaction ends."""
    sql = "SELECT 1 FROM control_run WHERE id = %s AND worker = %s FOR SHARE"
    return session.execute(sql, [run, holder]).fetchone() is not None


def _is(folder: Path, described: bytes) -> bool:
    try:
        return (folder / FILE).read_bytes() == described
    except OSError:
        return False


def _described(session: Session, run: int) -> bytes | None:
    return b"".join(_pieces(session, run, FILE)) or None


def _names(session: Session, run: int) -> list[str]:
    sql = f"SELECT DISTINCT name FROM {SCHEMA}.plan_files WHERE run = %s AND name <> %s"
    return [str(name) for (name,) in session.execute(sql, [run, FILE]) if name in NAMES]


def _put(session: Session, run: int, path: Path) -> None:
    sql = f"COPY {SCHEMA}.plan_files (run, name, part, bytes) FROM STDIN (FORMAT binary)"
    with path.open("rb") as file, session.cursor() as cursor, cursor.copy(sql) as copy:
        copy.set_types(["int8", "text", "int4", "bytea"])
        part = 0
        while piece := file.read(PIECE):
            copy.write_row((run, path.name, part, piece))
            part += 1


def _get(session: Session, run: int, path: Path) -> None:
    with path.open("wb") as file:
        for piece in _pieces(session, run, path.name):
            file.write(piece)


def _pieces(session: Session, run: int, name: str) -> Iterator[bytes]:
    """One at a time, so that no plan is ever all in memory."""
    sql = f"SELECT bytes FROM {SCHEMA}.plan_files WHERE run = %s AND name = %s AND part = %s"
    for part in count():
        with session.cursor(binary=True) as cursor:
            row = cursor.execute(sql, [run, name, part]).fetchone()
        if row is None:
            return
        yield bytes(row[0])  # type: ignore[call-overload]
