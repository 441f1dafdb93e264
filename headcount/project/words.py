"""Pydantic's findings as sentences for people."""

from __future__ import annotations

import ast
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from headcount.project.entry import Entry
from headcount.project.lines import Document
from headcount.project.problems import Path, Problem, did_you_mean
from headcount.project.sound_part import real_path

_SHAPES = {
    "string_type": ("must be text.", "Put it in quotes."),
    "bool_type": ("must be true or false.", ""),
    "int_type": ("must be a whole number.", ""),
    "int_from_float": ("must be a whole number.", ""),
    "float_type": ("must be a number.", ""),
    "list_type": ("must be a list.", "Begin each of its lines with a dash."),
    "dict_type": ("must hold keys and values.", "Write them below it, indented."),
    "model_type": ("must hold keys and values.", "Write them below it, indented."),
    "model_attributes_type": ("must hold keys and values.", "Write them below it, indented."),
    "string_too_short": ("is empty.", "Give it a value."),
}
_BOUNDS = {
    "greater_than": "must be more than {gt}.",
    "greater_than_equal": "must be at least {ge}.",
    "less_than": "must be less than {lt}.",
    "less_than_equal": "must be at most {le}.",
}


def problems(document: Document, path: Path, entry: type[Entry], error: ValidationError) -> list[Problem]:
    """The findings about the entry at ``path``, with lines and mends."""
    return [_problem(document, path, entry, detail) for detail in error.errors()]


def _problem(document: Document, path: Path, entry: type[Entry], detail: ErrorDetails) -> Problem:
    location = real_path(detail["loc"])
    wrong, mend = _words(entry, location, detail)
    return document.problem((*path, *location), wrong, mend)


def _words(entry: type[Entry], location: Path, detail: ErrorDetails) -> tuple[str, str]:
    name = str(location[-1]) if location else "This"
    kind, context = detail["type"], detail.get("ctx", {})
    if isinstance(location[-1] if location else None, int):
        name = "This entry"
    if kind == "extra_forbidden":
        around = _entry_at(entry, location[:-1])
        return f"There is no key {name} here.", _better_place(around, name) if around else ""
    if kind == "missing":
        field = _field(_entry_at(entry, location[:-1]), name)
        return f"{name} is missing.", (field.description or "") if field else ""
    if kind == "literal_error":
        return _not_offered(name, detail["input"], str(context["expected"]))
    if kind in _SHAPES:
        return f"{name} {_SHAPES[kind][0]}", _SHAPES[kind][1]
    if kind in _BOUNDS:
        return f"{name} {_BOUNDS[kind].format(**context)}", ""
    return (str(context["error"]) if kind == "value_error" else f"{name}: {detail['msg']}."), ""


def _not_offered(name: str, value: Any, expected: str) -> tuple[str, str]:
    words = [str(word) for word in ast.literal_eval(f"[{expected.replace(' or ', ', ')}]")]
    return f"{name} cannot be {value}.", did_you_mean(str(value), words)


def _better_place(around: type[BaseModel], name: str) -> str:
    """The mend for a key that does not belong where it stands: deeper, if it is known in one place there."""
    inside = [
        field.alias or key
        for key, field in around.model_fields.items()
        if get_origin(field.annotation) is not list
        and (found := _entry_in(field.annotation))
        and name in _names(found)
    ]
    return f"Put it under {inside[0]}." if len(inside) == 1 else did_you_mean(name, _names(around))


def _names(entry: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in entry.model_fields.items()]


def _field(entry: type[BaseModel] | None, name: str) -> FieldInfo | None:
    fields = entry.model_fields.items() if entry else ()
    return next((field for key, field in fields if (field.alias or key) == name), None)


def _entry_at(entry: type[BaseModel] | None, location: Path) -> type[BaseModel] | None:
    """The entry a location leads to, down from ``entry``."""
    for part in location:
        if isinstance(part, str):
            field = _field(entry, part)
            entry = _entry_in(field.annotation) if field else None
    return entry


def _entry_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _entry_in(part))), None)
