"""What an engine says about itself: its name, the fields of its connections, and how to open one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headcount.engines.base import Source
from headcount.errors import ConfigurationError

Setting = str | int | list[str]
Settings = Mapping[str, Setting]


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a connection: what configuration files, forms and the manual derive theirs from.

    Forms fold ``advanced`` fields away. The value of an ``address`` is a web address. ``guards`` says that it decides
    where the secrets of the connection go, or who could read them on the way; choices of such a field stand in order,
    the weakest first.
    """

    name: str
    label: str
    required: bool = False
    secret: bool = False
    default: Setting = ""
    help: str = ""
    choices: tuple[str, ...] = ()
    advanced: bool = False
    address: bool = False
    guards: bool = False

    def weaker(self, before: Setting, after: Setting) -> bool:
        """Could secrets come to others with ``after`` than with ``before``?"""
        if before in self.choices and after in self.choices:
            return self.choices.index(str(after)) < self.choices.index(str(before))
        return before != after


@dataclass(frozen=True, kw_only=True)
class EngineType:
    """A kind of source. ``models`` are the ways a model may name its rows: "table", "query", "path". ``dialect`` is
    what sqlglot calls the language of its queries. ``guide`` says what to have at hand
    before the fields are filled in.
    """

    name: str
    label: str
    dialect: str
    fields: tuple[Field, ...]
    models: tuple[str, ...]
    open: Callable[[dict[str, Any]], Source]
    guide: str = ""

    def complete(self, settings: Settings) -> dict[str, Any]:
        """The settings with defaults filled in. Raises ``ConfigurationError`` for what cannot be used."""
        known = {field.name for field in self.fields}
        for name in settings:
            if name not in known:
                raise ConfigurationError(
                    f"A {self.name} connection has no field {name!r}.",
                    hint=f"It has: {', '.join(sorted(known))}.",
                )
        return {
            field.name: self._value(field, settings.get(field.name, field.default)) for field in self.fields
        }

    def _value(self, field: Field, value: Setting) -> Setting:
        if field.required and value in ("", []):
            raise ConfigurationError(f"A {self.name} connection needs {field.name!r}.", hint=field.help)
        if field.choices and value not in field.choices:
            raise ConfigurationError(
                f"{field.name!r} of a {self.name} connection cannot be {value!r}.",
                hint=f"Use one of: {', '.join(field.choices)}.",
            )
        if isinstance(field.default, list):
            return [value] if isinstance(value, str) else value
        if isinstance(field.default, int):
            return _integer(field.name, value)
        return value if isinstance(value, list) else str(value)


def _integer(name: str, value: Setting) -> int:
    try:
        return int(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ConfigurationError(f"{name!r} must be a whole number.") from None
