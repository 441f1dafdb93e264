"""Putting a backup back, into a home in which nothing is yet."""

from __future__ import annotations

import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from headcount.control import audit
from headcount.control.database import postgresql_url
from headcount.control.models import Connection, Stream, User
from headcount.control.secrets import VARIABLE
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.disk import unusable
from headcount.errors import ConfigurationError
from headcount.frozen import FILE
from headcount.home import Home
from headcount.service.backups.manifest import NAME, Manifest, not_a_backup
from headcount.service.backups.tables import APP, Table, columns, lines_of, read_rows, tables
from headcount.service.heartbeat import SETTING
from headcount.service.plans import keep_plan
from headcount.service.states import state_at
from headcount.state import StateFile
from headcount.workbench import Workbench

_FILES = re.compile(r"secret\.key|state/[0-9a-f]{32}\.duckdb(\.wal)?|plans/\d+/[a-z]+\.(json|parquet)")


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What came out of a backup."""

    made_at: str
    rows: int
    states: int
    plans: int


def restore(path: Path) -> Restored:
    """Fill the present home and its control store from a backup.

    States and plans come first and the rows last, in one transaction: a restore that was interrupted left a store in
    which nothing is, and may be done again. Raises ``ConfigurationError`` when something is there already, when the
    file is no backup, or when a newer version made it.
    """
    home = setup()
    with told(), _opened(path) as archive:
        _check_empty()
        manifest = Manifest.parse(_member(archive, NAME).read())
        _check_key(manifest)
        states, plans = _restore_files(home, archive)
        _share(home, archive, manifest)
        rows = _restore_rows(archive, manifest)
        audit.record("restored", "backup", {"made_at": manifest.made_at, "version": manifest.version})
    return Restored(made_at=manifest.made_at, rows=rows, states=states, plans=plans)


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:gz") as archive:
            yield archive
    except (tarfile.TarError, EOFError) as error:
        raise not_a_backup() from error
    except OSError as error:
        if error.errno is None:  # gzip's word for a file that is none
            raise not_a_backup() from error
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error


def _check_empty() -> None:
    if any(table.objects.exists() for table in (Connection, Stream, User)):
        raise ConfigurationError(
            "This home holds connections, syncs or people already; a backup is restored into an empty one.",
            hint="Set HEADCOUNT_HOME to a new folder (and HEADCOUNT_DATABASE_URL to an empty database).",
        )


def _check_key(manifest: Manifest) -> None:
    kept = manifest.rows.get("secret") or manifest.rows.get("outlet")
    if not manifest.key and kept and not os.environ.get(VARIABLE):
        raise ConfigurationError(
            "The backup holds stored secrets, and their key was kept apart from it.",
            hint=f"Set {VARIABLE} to the key they were stored with, then restore again.",
        )


def _member(archive: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        file = archive.extractfile(name)
    except KeyError:
        file = None
    if file is None:
        raise not_a_backup()
    return file


def _restore_files(home: Home, archive: tarfile.TarFile) -> tuple[int, int]:
    """Only files that a backup has, and only to where they belong."""
    states: set[str] = set()
    plans: set[str] = set()
    for member in archive.getmembers():
        if not (member.isfile() and _FILES.fullmatch(member.name)):
            continue
        _write(home.root / member.name, _member(archive, member.name))
        folder, _, rest = member.name.partition("/")
        if folder == "state":
            states.add(rest.partition(".")[0])
        elif folder == "plans":
            plans.add(rest.partition("/")[0])
    return len(states), len(plans)


def _share(home: Home, archive: tarfile.TarFile, manifest: Manifest) -> None:
    """States and plans came as files; with a control store in PostgreSQL they go to where every machine finds them."""
    if not postgresql_url():
        return
    for state in _shared(archive, manifest):
        file = state_at(home, state, Stream.Place.FILE)
        if isinstance(file, StateFile) and file.exists():
            there = state_at(home, state, Stream.Place.POSTGRESQL)
            there.delete()  # what an interrupted restore left
            with Workbench(home.root / "scratch") as bench:
                there.replace(bench, file)
            file.delete()
    for folder in home.plans.iterdir():
        if folder.name.isdigit() and (folder / FILE).exists():
            keep_plan(int(folder.name), folder)


def _shared(archive: tarfile.TarFile, manifest: Manifest) -> Iterator[str]:
    """The names of the states that were in PostgreSQL when they were saved."""
    names = manifest.columns["stream"]
    for line in lines_of(_member(archive, "tables/stream.jsonl")):
        stream = dict(zip(names, json.loads(line), strict=True))
        if stream.get("state_in") == Stream.Place.POSTGRESQL:
            yield stream["state_id"]


def _write(target: Path, source: IO[bytes]) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        target.unlink(missing_ok=True)
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(source, file)
    except OSError as error:
        raise unusable(target, error) from error


def _restore_rows(archive: tarfile.TarFile, manifest: Manifest) -> int:
    """Back to the schema the rows had, the rows into it, and forward to today's."""
    executor = MigrationExecutor(connection)
    then = (APP, manifest.migration)
    if then not in executor.loader.graph.nodes:
        raise ConfigurationError(
            f"This backup was made by a newer version of Headcount ({manifest.version}).",
            hint="Install that version.",
        )
    latest = executor.loader.graph.leaf_nodes(APP)
    executor.migrate([then])
    apps = executor.loader.project_state([then]).apps
    with transaction.atomic():
        for table in tables(apps):  # rows that a new home has by itself
            table._base_manager.all().delete()
        count = sum(_restore_table(archive, manifest, table) for table in tables(apps))
        _settle(apps)
        _forget_beats(apps)
        _go_on_counting(tables(apps))
    MigrationExecutor(connection).migrate(latest)
    return count


def _restore_table(archive: tarfile.TarFile, manifest: Manifest, table: Table) -> int:
    name = table._meta.model_name or ""
    file = _member(archive, f"tables/{name}.jsonl")
    count = read_rows(table, manifest.columns[name], lines_of(file))
    if count != manifest.rows[name]:
        raise not_a_backup()
    return count


def _settle(apps: Any) -> None:
    """Whoever worked on a run does not work on this one, and without PostgreSQL no state is there."""
    _set(apps.get_model(APP, "Run"), worker="", lease_until=None)
    if not postgresql_url():
        _set(apps.get_model(APP, "Stream"), state_in=Stream.Place.FILE.value)


def _forget_beats(apps: Any) -> None:
    """No worker was ever here, whenever one was where the backup was made."""
    for table in tables(apps):
        if table._meta.model_name == "setting":
            table._base_manager.filter(name=SETTING).delete()


def _set(table: Table, **values: Any) -> None:
    """In every row, as far as the schema of then has the columns."""
    known = columns(table)
    if there := {name: value for name, value in values.items() if name in known}:
        table._base_manager.update(**there)


def _go_on_counting(restored: list[Table]) -> None:
    """Rows came with their numbers; PostgreSQL must give out greater ones from here on."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), restored):
            cursor.execute(statement)
