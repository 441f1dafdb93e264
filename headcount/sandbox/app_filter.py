"""The App API's audience filter: and, or, not, segment, attribute."""

from typing import Any

from headcount.sandbox.app_errors import AppError
from headcount.sandbox.app_text import text
from headcount.sandbox.people import Person
from headcount.sandbox.workspace import Workspace


def matches(workspace: Workspace, person: Person, wanted: dict[str, Any]) -> bool:
    """Raises AppError (400) for a filter that is none."""
    try:
        [(kind, inside)] = wanted.items()
        return _matches(workspace, person, kind, inside)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise AppError("invalid filter") from None


def _matches(workspace: Workspace, person: Person, kind: str, inside: Any) -> bool:
    if kind == "and":
        return all(matches(workspace, person, part) for part in inside)
    if kind == "or":
        return any(matches(workspace, person, part) for part in inside)
    if kind == "not":
        return not matches(workspace, person, inside)
    if kind == "segment":
        segment = workspace.segments.by_id.get(inside["id"])
        return segment is not None and person.cio_id in segment.members
    if kind == "attribute":
        return attribute_matches({"cio_id": person.cio_id, **person.attributes}, inside)
    raise ValueError(kind)


def attribute_matches(attributes: dict[str, Any], inside: dict[str, Any]) -> bool:
    """Operators eq (as text, because the App API knows only strings) and exists."""
    if inside["operator"] == "exists":
        return inside["field"] in attributes
    if inside["operator"] != "eq":
        raise ValueError(inside["operator"])
    have = attributes.get(inside["field"])
    return inside["field"] in attributes and text(have) == text(inside["value"])
