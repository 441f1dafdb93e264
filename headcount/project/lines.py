"""YAML with line numbers: values as JSON knows them, and the line every one of them stands on.

Plain words mean what they mean in YAML 1.2: ``yes``, ``on`` and ``12:30`` are text, a date is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from headcount.project.problems import Path, Problem, ProjectError

MOST_NODES = 200_000  # a file of a few lines can refer to itself until memory is full

_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)


@dataclass
class Document:
    """One file: its values, and the line of every path in it. Lines count from 1.

    ``repeated`` are complaints about keys that stand twice; the first of each has its value.
    """

    file: str
    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    repeated: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest thing around it that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Path, wrong: str, mend: str = "") -> Problem:
        return Problem(file=self.file, line=self.line(path), path=path, wrong=wrong, mend=mend)


def read(text: str, file: str) -> Document:
    """Parse one YAML document. Raises ``ProjectError`` for broken YAML and what means nothing here: of a file that
    cannot be understood nothing else can be said.
    """
    document = Document(file)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise ProjectError(
            [_broken(file, error)]
        ) from None  # the cause would quote the line, and what is in it
    except yaml.YAMLError:
        wrong = "The file holds a character that YAML does not know."
        raise ProjectError(
            [Problem(file=file, line=1, path=(), wrong=wrong, mend="Save it as UTF-8.")]
        ) from None
    builder = _Builder(document)
    document.value = {} if node is None else builder.build(node, ())
    if builder.problems:
        raise ProjectError([*builder.problems, *document.repeated])
    return document


def plain(text: str) -> Any:
    """What an unquoted word means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) <= 400 else text
    return float(text) if _FLOAT.fullmatch(text) else text


def _broken(file: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    words = (error.problem or error.context or "this is no YAML").strip().rstrip(".")
    mend = (
        "Tabs cannot indent in YAML: use spaces."
        if "\\t" in words
        else "Check the indentation and quotes here."
    )
    line = mark.line + 1 if mark else 1
    return Problem(file=file, line=line, path=(), wrong=f"This is not YAML: {words}.", mend=mend)


class _Builder:
    """Turns YAML's nodes into values and remembers their lines."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self._nodes = 0
        self._open: set[int] = set()

    def build(self, node: yaml.Node, path: Path) -> Any:
        self.document.lines.setdefault(path, node.start_mark.line + 1)
        self._nodes += 1
        if id(node) in self._open or self._nodes > MOST_NODES:
            raise ProjectError(
                [self._at(node, path, "An alias refers to what it is part of.", "Write it out.")]
            )
        if not node.tag.startswith("tag:yaml.org,2002:"):
            self.problems.append(
                self._at(node, path, f"The tag {node.tag} means nothing here.", "Remove it.")
            )
        self._open.add(id(node))
        try:
            return self._value(node, path)
        finally:
            self._open.discard(id(node))

    def _value(self, node: yaml.Node, path: Path) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return plain(node.value) if node.style is None else node.value
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, number)) for number, item in enumerate(node.value)]
        return self._mapping(node, path)

    def _mapping(self, node: yaml.Node, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        first: dict[str, int] = {}
        for key_node, value_node in self._entries(node, path):
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in first:
                wrong = f"{key} stands here a second time; the first is in line {first[key]}."
                self.document.repeated.append(self._at(key_node, (*path, key), wrong, "Keep one of them."))
                continue
            first[key] = line
            self.document.lines[(*path, key)] = line
            result[key] = self.build(value_node, (*path, key))
        return result

    def _entries(self, node: yaml.Node, path: Path) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(
                    self._at(key_node, path, "A key must be a word.", "Write it as key: value.")
                )
            elif key_node.tag == "tag:yaml.org,2002:merge" and key_node.style is None:
                wrong = "Merging with << is not supported."
                self.problems.append(self._at(key_node, path, wrong, "Write the keys out."))
            else:
                yield key_node, value_node

    def _at(self, node: yaml.Node, path: Path, wrong: str, mend: str) -> Problem:
        line = node.start_mark.line + 1
        return Problem(file=self.document.file, line=line, path=path, wrong=wrong, mend=mend)
