"""An entry without the parts that are broken, so that the rest of it can be judged in the same pass.

A part that can be left out is left out; one that an entry cannot be without has a stand-in. What is said about either
is no complaint: the break itself was told already.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, TypeVar

from pydantic import ValidationError

from headcount.project.entry import Entry
from headcount.project.problems import Path, Problem

E = TypeVar("E", bound=Entry)

ROUNDS = 4  # a part that was taken out may be missed by what is around it, and so on

# What an entry cannot be without. None of these is a key or a name that anybody can give.
_STAND_INS: dict[Path, Any] = {
    ("connection",): "",
    ("source",): {"model": ""},
    ("source", "model"): "",
    ("destination",): {"connection": "", "object": ""},
    ("destination", "connection"): "",
    ("destination", "object"): "",
    ("behavior",): "update_or_create",
}


def sound_part(
    form: type[E], given: dict[str, Any], error: ValidationError
) -> tuple[E | None, tuple[Path, ...]]:
    """What can be made of ``given``, of which ``error`` was said; and the paths of the holes in it.

    None where nothing can be made of it.
    """
    rest, holes = deepcopy(given), []
    for _ in range(ROUNDS):
        for detail in error.errors():
            path = real_path(detail["loc"])
            holes.append(_taken_out(rest, path, surplus=detail["type"] == "extra_forbidden"))
        try:
            return form.model_validate(rest), tuple(holes)
        except ValidationError as again:
            error = again
    return None, tuple(holes)


def real_path(location: Sequence[int | str]) -> Path:
    """A location as it stands in the file: Pydantic names the alternatives of a union, too."""
    return tuple(part for part in location if not _invented(part))


def _invented(part: int | str) -> bool:
    return isinstance(part, str) and ("[" in part or part.endswith("Entry"))


def beside(holes: Sequence[Path], entry: Path, problem: Problem) -> bool:
    """Is the problem about none of the holes of an entry, nor about the entry as a whole?"""
    inside = problem.path[len(entry) :]
    return bool(inside) and not any(inside[: len(hole)] == hole for hole in holes)


def _taken_out(rest: dict[str, Any], path: Path, *, surplus: bool) -> Path:
    """Take the part at ``path`` out of ``rest``, or more of what is around it; returns what was taken."""
    if surplus:
        around = _at(rest, path[:-1])
        if isinstance(around, dict) and around.pop(path[-1], None) is not None:
            return path
    if path in _STAND_INS:
        around = _at(rest, path[:-1])
        if isinstance(around, dict):
            around[path[-1]] = deepcopy(_STAND_INS[path])
            return path
    if path[:1] == ("mappings",) and len(path) > 1 and isinstance(path[1], int):
        rest["mappings"][path[1]] = {"from": {"constant": None}, "to": f"(mapping {path[1] + 1})"}
        return path[:2]
    if path[:1] in _STAND_INS:
        rest[str(path[0])] = deepcopy(_STAND_INS[path[:1]])
    elif path:
        rest.pop(str(path[0]), None)
    return path[:1]


def _at(value: Any, path: Path) -> Any:
    """What stands at ``path``, or None."""
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
