"""``connections:`` in the project file, checked against the fields their type declares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from headcount.engines import Field as Declared
from headcount.model import Budget
from headcount.project import references
from headcount.project.entry import Entry
from headcount.project.kinds import BUDGET, KINDS, ConnectionKind
from headcount.project.problems import did_you_mean, one_of

Wrong = tuple[str, str, str]  # the field ("" for the whole), what is wrong, how to mend it

# Fields that name files; in the project file they are relative to it.
FILES = (
    "path",
    "folders",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "ssl_ca",
    "ssl_cert",
    "ssl_key",
    "ssh_known_hosts",
)


class BudgetEntry(Entry):
    """How fast a workspace may be written to, by all syncs and processes together."""

    requests_per_second: float = Field(50.0, gt=0, description="Requests in any one second.")
    reserve: float = Field(
        0.0,
        ge=0,
        le=0.95,
        description="Share of them that is left to others, such as the live application: from 0 to 0.95.",
    )
    max_items: int = Field(100, ge=0, description="Operations in one request; 0 leaves only the bytes.")
    max_bytes: int = Field(500_000, ge=40_000, le=500_000, description="Bytes in one request.")
    senders: int = Field(3, ge=1, le=64, description="Requests in flight at once.")

    def budget(self) -> Budget:
        return Budget(**self.model_dump())


def mistakes(kind: ConnectionKind, given: dict[str, Any]) -> Iterator[Wrong]:
    """What is wrong with the settings of a connection of this kind. Quotes no value of a secret field."""
    names = ["name", "type", *(field.name for field in kind.fields)]
    names += [BUDGET] if kind.role == "destination" else []
    for name in given:
        if name not in names:
            yield name, f"A {kind.name} connection has no field {name}.", did_you_mean(name, names)
    for field in kind.fields:
        value = given.get(field.name)
        if value not in (None, "", []):
            yield from ((field.name, *wrong) for wrong in _value_mistakes(field, value))
        elif field.required:
            yield field.name, f"A {kind.name} connection needs {field.name}.", _example(field)


def _value_mistakes(field: Declared, value: Any) -> Iterator[tuple[str, str]]:
    if field.secret:
        if not isinstance(value, str) or not references.is_reference(value):
            wrong = f"{field.name} is a secret and must not be written down here."
            yield wrong, f"{references.HELP} {_example(field)}"
        return
    if isinstance(field.default, int):
        if not (_whole(value) or (isinstance(value, str) and references.is_variable(value))):
            yield f"{field.name} must be a whole number.", ""
        return
    texts = value if isinstance(field.default, list) and isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        yield f"{field.name} must be text.", "Put it in quotes."
        return
    if any(references.holds_password(text) for text in texts):
        yield f"{field.name} holds a password.", f"Put it into a field of its own. {references.HELP}"
    elif field.choices and value not in field.choices and not references.is_variable(value):
        yield f"{field.name} cannot be {value}.", did_you_mean(value, field.choices)
    elif field.address and not references.is_variable(value) and not _is_web_address(value):
        yield f"{field.name} is no web address.", "It looks like http://127.0.0.1:8026."


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text.strip())
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _example(field: Declared) -> str:
    return f"For example: {field.name}: env:{field.name.upper()}" if field.secret else field.help


def settings_of(kind: ConnectionKind, given: dict[str, Any], folder: FilePath | None) -> dict[str, Any]:
    """What is stored: declared order, absolute paths, nothing that is the same when left out."""
    settings: dict[str, Any] = {}
    for field in kind.fields:
        value = given.get(field.name)
        if isinstance(field.default, list) and isinstance(value, str):
            value = [value]
        if value not in (None, "", []) and value != field.default:
            settings[field.name] = _absolute(field, value, folder)
    if budget := BudgetEntry.model_validate(given.get(BUDGET) or {}).document():
        settings[BUDGET] = budget
    return settings


def _absolute(field: Declared, value: Any, folder: FilePath | None) -> Any:
    """Headcount may be started anywhere, so what was relative to the project file becomes absolute."""
    if folder is None:
        return value
    if field.secret and value.startswith("file:"):
        return f"file:{_joined(folder, value.removeprefix('file:'))}"
    if field.name in FILES:
        if isinstance(value, list):
            return [_joined(folder, item) for item in value]
        return value if references.is_variable(value) else _joined(folder, value)
    return value


def _joined(folder: FilePath, path: str) -> str:
    return str(folder / FilePath(path).expanduser())


def unknown_kind(word: Any) -> tuple[str, str]:
    """What is wrong, and the mend, for a type no connection has."""
    if not isinstance(word, str):
        return "A connection needs a type.", f"Use {one_of(sorted(KINDS))}."
    return f"There is no connection of type {word}.", did_you_mean(word, sorted(KINDS))
