"""Makes the control store ready for use: Django configured once, the schema current, one home at a time."""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path

from headcount.disk import unusable
from headcount.errors import StateError
from headcount.home import Home, current_home

SCHEMA_LOCK = 4_842_017  # any number that nobody else uses as an advisory lock in this database

_MIGRATION = re.compile(r"\d{4}_\w+")
_ready: tuple[str, str] | None = None  # the home and database URL that were made ready


def setup() -> Home:
    """Make the control store usable, and return its home. Cheap when it already is.

    When HEADCOUNT_HOME or HEADCOUNT_DATABASE_URL changed since the last call, the next queries go to the new
    place. Raises ``StateError`` for a folder or database that cannot be used, or that a newer Headcount
    wrote.
    """
    global _ready
    home = current_home()
    wanted = (str(home.root), os.environ.get("HEADCOUNT_DATABASE_URL", ""))
    if _ready == wanted and (wanted[1] or home.control.exists()):
        return home
    home.prepare()
    configure()
    _point_at_present_database()
    from headcount.control.trouble import told

    with told():
        _bring_up_to_date(home)
    _ready = wanted
    return home


def pending() -> set[str]:
    """Names of migrations that the present database has not seen; empty when it is up to date. Changes nothing.

    Raises ``StateError`` for a database that cannot be used, or that a newer Headcount wrote.
    """
    configure()
    _point_at_present_database()
    from headcount.control.trouble import told

    with told():
        return _missing()


def missing() -> set[str]:
    """As ``pending``, of the store that is in use: two small queries on this thread's connection."""
    setup()
    from headcount.control.trouble import told

    with told():
        return _missing()


def close() -> None:
    """Give back this thread's connection to the control store; the next query opens a new one."""
    from django.db import connections

    connections.close_all()


def configure(module: str = "headcount.control.settings") -> None:
    """Let Django know its models; touches no file and no database. Models can be imported afterwards.

    The first call decides which settings are used. They are not put into the environment, for other processes may
    need others.
    """
    import django
    from django.apps import apps
    from django.conf import settings

    if not settings.configured:
        found = import_module(module)
        settings.configure(**{name: getattr(found, name) for name in dir(found) if name.isupper()})
    if not apps.ready:
        django.setup()


def _point_at_present_database() -> None:
    from django.db import connections

    from headcount.control.database import databases

    wanted = databases()
    connections.close_all()
    connections.settings = connections.configure_settings(wanted)
    with suppress(AttributeError):  # this thread may not have used a database yet
        del connections["default"]


def migrate_everything(home: Home) -> None:
    """Make the tables of all installed apps, not only the control store's own: pages keep their sessions there."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    def pending() -> bool:
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))

    if pending():
        with _one_at_a_time(home):
            if pending():
                _migrate()


def _bring_up_to_date(home: Home) -> None:
    if _missing():
        with _one_at_a_time(home):
            if _missing():  # unless another process was quicker
                _migrate()
        if not os.environ.get("HEADCOUNT_DATABASE_URL"):
            home.control.chmod(0o600)


def _missing() -> set[str]:
    """Names of migrations that the database has not seen. Reads one small table and no migration file."""
    applied = _applied()
    known = {path.stem for path in (Path(__file__).parent / "migrations").glob("[0-9]*.py")}
    if newer := sorted(applied - known):
        raise StateError(
            f"The control store was written by a newer version of Headcount (it has {newer[-1]}).",
            hint=f"Install that version, or set {_place()}.",
        )
    return known - applied


def _place() -> str:
    if os.environ.get("HEADCOUNT_DATABASE_URL"):
        return "HEADCOUNT_DATABASE_URL to another database"
    return "HEADCOUNT_HOME to another folder"


def newest_migration() -> str:
    """The name of the control store's schema: its newest migration."""
    return max(_applied())


def _applied() -> set[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        if "django_migrations" not in connection.introspection.table_names(cursor):
            return set()
        cursor.execute("SELECT name FROM django_migrations WHERE app = %s", ["control"])
        return {name for (name,) in cursor.fetchall() if _MIGRATION.fullmatch(name)}


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def _one_at_a_time(home: Home) -> Iterator[None]:
    """Processes on this machine wait at a file, processes elsewhere at PostgreSQL's advisory lock."""
    from django.db import connection

    try:
        handle = (home.locks / "schema").open("w")
    except OSError as error:
        raise unusable(home.locks, error) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if connection.vendor != "postgresql":
            yield
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [SCHEMA_LOCK])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [SCHEMA_LOCK])
