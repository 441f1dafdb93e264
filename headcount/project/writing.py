"""Writes a project file: the same project is always the same text, and reads back as itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from headcount.project.lines import plain
from headcount.project.project import SECTIONS, VERSION, Project

SHORT = 100  # a list or mapping that fits in so many characters stands in one line

OTHER_BREAKS = "\r\x85\u2028\u2029\ufeff"  # YAML readers turn these into line breaks unless they are escaped


def write_project(project: Project) -> str:
    """The project as YAML, entries in the order of their keys."""
    value: dict[str, Any] = {"version": VERSION}
    for section in SECTIONS:
        entries = project.section(section)
        value[section] = {key: _folded(dict(entries[key])) for key in sorted(entries)}
    return yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=False
    )


class _Dumper(yaml.SafeDumper):
    """Block style, short entries in one line, texts of several lines as they are."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)  # dashes stand below their key, indented

    def ignore_aliases(self, data: Any) -> bool:
        return True


class _OneLine(dict[str, Any]):
    """A mapping that is written in braces."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Quoted whenever the reader would take the bare word for something else than text."""
    style = None
    if not isinstance(plain(text), str) or any(character in text for character in OTHER_BREAKS):
        style = '"'
    elif "\n" in text:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(
    _OneLine,
    lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=True),
)


def _folded(value: Any) -> Any:
    """Small mappings in one line, as in ``{from: plan, to: plan}``."""
    if isinstance(value, list):
        return [_folded(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value and len(str(value)) <= SHORT and "\\n" not in str(value) and _flat(value):
        return _one_line(value)
    return {key: _folded(item) for key, item in value.items()}


def _flat(value: Any, depth: int = 0) -> bool:
    if isinstance(value, Mapping):
        return depth < 3 and all(_flat(item, depth + 1) for item in value.values())
    return not isinstance(value, list)


def _one_line(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _OneLine({key: _one_line(item) for key, item in value.items()})
    return value
