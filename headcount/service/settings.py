"""A connection's settings with its references resolved: what a driver or a client is given."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headcount.control import secrets
from headcount.control.models import Connection
from headcount.errors import ConfigurationError, HeadcountError
from headcount.home import current_home
from headcount.model import Budget
from headcount.project.kinds import BUDGET, KINDS
from headcount.project.references import STORED, is_variable
from headcount.project.values import budget_value

# What Headcount itself is set up with: no connection may show or send it.
OWN_VARIABLES = frozenset(
    {
        "HEADCOUNT_API_REQUESTS_PER_MINUTE",
        "HEADCOUNT_DATABASE_URL",
        "HEADCOUNT_DEBUG",
        "HEADCOUNT_HOME",
        "HEADCOUNT_LOG",
        "HEADCOUNT_PREVIEW_SECONDS",
        "HEADCOUNT_PUBLIC_URL",
        "HEADCOUNT_SECRET_KEY",
        "HEADCOUNT_SOURCE_RETRIES",
        "HEADCOUNT_WORKER_RUNS",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
    }
)
PROCESSES = Path("/proc")  # Linux shows every process's environment there as a file
SHORTEST = 4  # characters of a value worth veiling: shorter ones are parts of common words


def budget_of(connection: Connection) -> Budget:
    return budget_value(connection.settings)


def resolved(connection: Connection) -> dict[str, Any]:
    """The settings without the budget. Raises ``ConfigurationError`` naming the reference that leads nowhere, and
    for a source that would show Headcount's own files or variables.
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


@contextmanager
def unquoted(*connections: Connection) -> Iterator[None]:
    """Errors from inside name the references of the connections, ``env:DB_HOST``, and not what these lead to: a driver
    quotes the host it did not find.
    """
    try:
        yield
    except HeadcountError as error:
        unquote(error, *connections)
        raise


def unquote(error: HeadcountError, *connections: Connection) -> None:
    """The same for an error at hand."""
    for connection in connections:
        for reference in connection.settings.values():
            error.message, error.hint = (_without(reference, words) for words in (error.message, error.hint))


def _without(reference: Any, words: str) -> str:
    if not isinstance(reference, str) or not is_variable(reference):
        return words
    value = os.environ.get(reference.removeprefix("env:"), "").strip()
    if len(value) < SHORTEST:
        return words
    return re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", lambda _: reference, words)


def _refuse_own(field: str, path: Path) -> None:
    """A model's SQL may read whatever its source shows; keys and states must not be among it."""
    home, wanted = current_home().root.resolve(), path.expanduser().resolve()
    if _is_ours(wanted):
        raise ConfigurationError(
            f"{field} lies in Headcount's own folder, or among what the system shows of processes; no model may read"
            " that.",
            hint="Choose another place.",
        )
    if home.is_relative_to(wanted):
        raise ConfigurationError(
            f"{field} holds Headcount's own folder, {home}, which no model may read.",
            hint="Name the folder the files are in, or move HEADCOUNT_HOME out of it.",
        )


def _is_ours(path: Path) -> bool:
    return any(path.is_relative_to(place) for place in (current_home().root.resolve(), PROCESSES))


def _resolve(connection: Connection, field: str, value: Any) -> Any:
    """Any text may be in a variable; only a secret may be stored or in a file."""
    if not isinstance(value, str):
        return value
    if value.startswith("env:"):
        return _from_environment(connection, field, value.removeprefix("env:"))
    if field not in KINDS[connection.type].secrets:
        return value
    if value == STORED:
        return secrets.read(connection, field)
    if value.startswith("file:"):
        return _from_file(connection, field, Path(value.removeprefix("file:")))
    return value


def _from_environment(connection: Connection, field: str, name: str) -> str:
    if name in OWN_VARIABLES:
        raise ConfigurationError(
            f"{field} of connection {connection.key} cannot be taken from {name}, a setting of Headcount's own.",
            hint="Put the value into a variable with another name.",
        )
    value = os.environ.get(name, "").strip()
    if not value:
        raise ConfigurationError(
            f"{field} of connection {connection.key} is taken from the environment variable {name}, which is not set.",
            hint=f"Set {name} where headcount runs.",
        )
    return value


def _from_file(connection: Connection, field: str, path: Path) -> str:
    if _is_ours(path.expanduser().resolve()):
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
