"""Liquid templates over one row."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from headcount.errors import ConfigurationError
from headcount.model import Column, Kind
from headcount.prepare import Prepared, canonical


@lru_cache(maxsize=1)
def _environment() -> Any:
    # Loaded on first use: most syncs have no template, and every command would pay for the import.
    from liquid import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined)
    environment.filters.update(
        {
            "json": lambda value: json.dumps(value, ensure_ascii=False, default=str),
            "sha256": lambda value: hashlib.sha256(str(value).encode()).hexdigest(),
            "base64": lambda value: base64.b64encode(str(value).encode()).decode(),
            "keys": lambda value: list(value) if isinstance(value, Mapping) else [],
            "only": lambda value, *names: {name: value[name] for name in names if name in value},
            "except": lambda value, *names: {name: item for name, item in value.items() if name not in names},
        }
    )
    for name in ("include", "render"):
        environment.tags.pop(name, None)
    return environment


def columns_used(text: str, columns: Mapping[str, Column]) -> tuple[str, ...]:
    """The columns a template reads, as ``{{ name }}`` or ``{{ record['name'] }}``.

    Raises ``ConfigurationError`` for a template that cannot be parsed or reads something that is no column.
    """
    used = set()
    for path in _paths(text):
        name = str(path[1]) if path[0] == "record" and len(path) > 1 else str(path[0])
        if path == ["record"]:
            return tuple(columns)
        if name not in columns:
            raise ConfigurationError(
                f"The template {text!r} reads {name}, which is not a column.",
                hint=f"Use one of: {', '.join(columns)}.",
            )
        used.add(name)
    return tuple(name for name in columns if name in used)


def reads_whole_row(text: str) -> bool:
    """Does a template use ``record`` as one value? Raises as ``check_syntax`` does."""
    return ["record"] in _paths(text)


def check_syntax(text: str) -> None:
    """Raise ``ConfigurationError`` for a template that cannot be parsed. Needs no columns."""
    _paths(text)


def _paths(text: str) -> list[list[Any]]:
    from liquid.exceptions import LiquidError

    try:
        return [list(path) for path in _environment().from_string(text).global_variable_segments()]
    except LiquidError as error:
        raise ConfigurationError(
            f"The template {text!r} cannot be read: {str(error).splitlines()[0]}.",
            hint="Mend the Liquid syntax.",
        ) from error


def template_column(name: str, text: str, columns: Mapping[str, Column]) -> Prepared:
    """A column of rendered templates, as JSON strings; a blank result says nothing.

    A row whose values a template cannot work with is refused, whatever the template engine raises for it.
    """
    inputs = columns_used(text, columns)
    documents = [key for key in inputs if columns[key].kind in (Kind.VARIANT, Kind.JSON)]
    return Prepared(name=name, inputs=inputs, make=_renderer(text, documents))


def _renderer(text: str, documents: list[str]) -> Callable[[dict[str, Any]], str | None]:
    template = _environment().from_string(text)

    def make(row: dict[str, Any]) -> str | None:
        try:
            for key in documents:
                if row[key] is not None:
                    row[key] = json.loads(row[key])
            rendered = template.render({**row, "record": row})
            return canonical(rendered) if rendered.strip() else None
        except Exception:  # filters fail with whatever Python raises: division, recursion, decimals
            return "!template"

    return make
