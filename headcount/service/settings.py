"""A connection's settings with its references resolved: what a driver or a client is given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from headcount.control import secrets
from headcount.control.models import Connection
from headcount.errors import ConfigurationError
from headcount.home import current_home
from headcount.model import Budget
from headcount.project.kinds import BUDGET
from headcount.project.references import STORED
from headcount.project.values import budget_value


def budget_of(connection: Connection) -> Budget:
    return budget_value(connection.settings)


def resolved(connection: Connection) -> dict[str, Any]:
    """The settings without the budget. Raises ``ConfigurationError`` naming the reference that leads nowhere, and
    for a source that would show Headcount's own files.
    """
    settings = {
        name: _resolve(connection, name, value)
        for name, value in connection.settings.items()
        if name != BUDGET
    }
    for name in ("path", "folders"):
        given = settings.get(name, [])
        for path in given if isinstance(given, list) else [given]:
            _refuse_own(name, Path(str(path)))
    return settings


def _refuse_own(field: str, path: Path) -> None:
    """A model's SQL may read whatever its source shows; keys and states must not be among it."""
    home, wanted = current_home().root.resolve(), path.expanduser().resolve()
    if wanted.is_relative_to(home):
        raise ConfigurationError(
            f"{field} lies in Headcount's own folder, which no model may read.", hint="Choose another place."
        )
    if home.is_relative_to(wanted):
        raise ConfigurationError(
            f"{field} holds Headcount's own folder, {home}, which no model may read.",
            hint="Name the folder the files are in, or move HEADCOUNT_HOME out of it.",
        )


def _resolve(connection: Connection, field: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value == STORED:
        return secrets.read(connection, field)
    if value.startswith("env:"):
        return _from_environment(connection, field, value.removeprefix("env:"))
    if value.startswith("file:"):
        return _from_file(connection, field, Path(value.removeprefix("file:")))
    return value


def _from_environment(connection: Connection, field: str, name: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise ConfigurationError(
            f"{field} of connection {connection.key} is taken from the environment variable {name}, which is not set.",
            hint=f"Set {name} where headcount runs.",
        )
    return value


def _from_file(connection: Connection, field: str, path: Path) -> str:
    if path.expanduser().resolve().is_relative_to(current_home().root.resolve()):
        raise ConfigurationError(
            f"{field} of connection {connection.key} cannot be one of Headcount's own files."
        )
    try:
        value = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{field} of connection {connection.key} is taken from the file {path}, which cannot be read.",
            hint="Create the file, or make it readable for the user who runs headcount.",
        ) from error
    if not value:
        raise ConfigurationError(f"{field} of connection {connection.key}: the file {path} is empty.")
    return value
