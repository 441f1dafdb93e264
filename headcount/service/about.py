"""What this installation is."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from django.db import connection

from headcount import __version__
from headcount.control.models import Connection, Model, Run, Sync, User
from headcount.control.setup import setup
from headcount.control.trouble import told


@dataclass(frozen=True, kw_only=True)
class About:
    """Version, places and counts."""

    version: str
    python: str
    home: str
    database: str  # "SQLite 3.46.1"
    connections: int
    models: int
    syncs: int
    runs: int
    people: int
    licence: str = "Apache License 2.0"


def about() -> About:
    """Looked up now."""
    home = setup()
    with told():
        return About(
            version=__version__,
            python=platform.python_version(),
            home=str(home.root),
            database=database_kind(),
            connections=Connection.objects.count(),
            models=Model.objects.count(),
            syncs=Sync.objects.count(),
            runs=Run.objects.count(),
            people=User.objects.filter(is_active=True).count(),
        )


def database_kind() -> str:
    """The control store's engine and its version."""
    version = ".".join(str(part) for part in connection.get_database_version())
    return f"{'PostgreSQL' if connection.vendor == 'postgresql' else 'SQLite'} {version}"
