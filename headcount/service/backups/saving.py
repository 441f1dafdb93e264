"""Writing a backup while everything goes on."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.apps import apps
from django.db import connection

from headcount import __version__
from headcount.control import audit
from headcount.control.models import Run, Stream, Sync
from headcount.control.runs import UNFINISHED
from headcount.control.secrets import VARIABLE
from headcount.control.setup import newest_migration, setup
from headcount.control.trouble import told
from headcount.disk import FULL
from headcount.errors import ConfigurationError, StateError
from headcount.home import Home
from headcount.scratch import scratch_folder
from headcount.service.backups.manifest import NAME, Manifest
from headcount.service.backups.tables import columns, tables, write_rows
from headcount.service.plans import plan_folder
from headcount.service.states import is_elsewhere, state_of
from headcount.workbench import Workbench, own_files


@dataclass(frozen=True, kw_only=True)
class Saved:
    """What went into a backup. The key of stored secrets is in it (``key``), is in the environment and has to be kept
    apart (``key_apart``), or there is none, because nothing was stored yet. ``elsewhere`` are the syncs whose states
    are not in it, because they are files of other machines.
    """

    path: Path
    bytes: int
    rows: int
    states: int
    plans: int
    key: bool
    key_apart: bool = False
    elsewhere: tuple[str, ...] = ()


def save(path: Path, *, overwrite: bool = False) -> Saved:
    """Write a backup to ``path``, readable by nobody else. With ``overwrite`` it takes the place of a file that is
    there once it is complete; else ``ConfigurationError`` is raised.

    May be done while runs work. The control store is read before the states: a state that is newer than its run's
    row is folded no second time, while an older one would have forgotten events that were sent.
    Raises ``StateError`` when something cannot be read or written.
    """
    _check_free(path, overwrite)
    home = setup()
    folder = scratch_folder(home.root / "scratch")
    try:
        with told(), own_files(folder):
            manifest = _save_tables(folder)
        (folder / NAME).write_text(manifest.text())
        states = _save_states(home, folder)
        plans = _save_plans(home, folder)
        if manifest.key:
            shutil.copyfile(home.secret_key, folder / "secret.key")
        size = _pack(folder, path)
        with told():
            audit.record("saved", "backup", {"states": states, "plans": plans})
        return Saved(
            path=path,
            bytes=size,
            rows=sum(manifest.rows.values()),
            states=states,
            plans=plans,
            key=manifest.key,
            key_apart=bool(os.environ.get(VARIABLE)),
            elsewhere=tuple(sync.key for sync in _syncs() if is_elsewhere(home, sync)),
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _check_free(path: Path, overwrite: bool) -> None:
    if path.is_dir():
        raise ConfigurationError(f"{path} is a folder.", hint="Name a file in it.")
    if path.exists() and not overwrite:
        raise ConfigurationError(
            f"{path} is there already.",
            hint="Name another file; or with --overwrite the new backup takes its place once it is complete.",
        )


def _save_tables(folder: Path) -> Manifest:
    (folder / "tables").mkdir()
    names: dict[str, list[str]] = {}
    rows: dict[str, int] = {}
    with _one_moment():
        for table in tables(apps):
            name = table._meta.model_name or ""
            names[name] = columns(table)
            with (folder / "tables" / f"{name}.jsonl").open("w", encoding="utf-8") as file:
                rows[name] = write_rows(table, file)
        migration = newest_migration()
    return Manifest(
        version=__version__,
        made_at=datetime.now(UTC).isoformat(),
        migration=migration,
        columns=names,
        rows=rows,
        key=_key_in_home(),
    )


def _key_in_home() -> bool:
    return setup().secret_key.exists() and not os.environ.get(VARIABLE)


@contextmanager
def _one_moment() -> Iterator[None]:
    """All tables as they were at one moment, while others go on writing. Django would begin with a write lock."""
    began = {"sqlite": "BEGIN DEFERRED", "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}
    with connection.cursor() as cursor:
        cursor.execute(began[connection.vendor])
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _save_states(home: Home, folder: Path) -> int:
    count = 0
    (folder / "state").mkdir()
    with Workbench(folder / "bench") as bench:
        for stream in Stream.objects.all():
            state = state_of(home, stream)
            if state.exists():
                state.copied(bench, folder / "state" / f"{stream.state_id}.duckdb")
                count += 1
    return count


def _syncs() -> Iterable[Sync]:
    return Sync.objects.select_related("stream").order_by("key")


def _save_plans(home: Home, folder: Path) -> int:
    """A plan that is just being made has no ``plan.json`` yet and counts as none."""
    unfinished = Run.objects.filter(status__in=[status.value for status in UNFINISHED])
    count = 0
    for number in unfinished.values_list("id", flat=True):
        made = plan_folder(home, number)
        if (made / "plan.json").exists():
            shutil.copytree(made, folder / "plans" / str(number))
            count += 1
    return count


def _pack(folder: Path, path: Path) -> int:
    """One archive, put in its place when it is complete."""
    part = path.with_name(f".{path.name}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with (
            os.fdopen(handle, "wb") as file,
            tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as archive,
        ):
            for name in (NAME, "secret.key", "tables", "state", "plans"):
                if (folder / name).exists():
                    archive.add(folder / name, arcname=name)
        part.replace(path)
        return path.stat().st_size
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> StateError:
    """The file is wherever somebody wanted it, which has nothing to do with Headcount's home."""
    if error.errno in FULL:
        return StateError(
            f"The disk that holds {path} is full.", hint="Free some space, or name another file."
        )
    return StateError(
        f"{path} cannot be written: {error.strerror or error}.",
        hint="Name a file in a folder that is there and that you may write to.",
    )
