"""What each checked operation does to a workspace, by (type, action) in the Track v2 shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headcount.sandbox import apply_events, apply_identify, apply_objects, apply_people
from headcount.sandbox.checks import Item
from headcount.sandbox.workspace import Workspace

Operation = Callable[[Workspace, dict[str, Any], int], None]


def identify(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    person = apply_identify.identify(workspace, item, now)
    if person and "cio_relationships" in item:
        apply_objects.link_person(workspace, person, item["cio_relationships"], now)


OPERATIONS: dict[tuple[str, str], Operation] = {
    ("person", "identify"): identify,
    ("person", "delete"): apply_people.delete,
    ("person", "suppress"): apply_people.suppress,
    ("person", "unsuppress"): apply_people.unsuppress,
    ("person", "merge"): apply_people.merge,
    ("person", "add_device"): apply_people.add_device,
    ("person", "delete_device"): apply_people.delete_device,
    ("person", "event"): apply_events.event,
    ("person", "page"): apply_events.event,
    ("person", "screen"): apply_events.event,
    ("person", "add_relationships"): apply_objects.add_of_person,
    ("person", "delete_relationships"): apply_objects.delete_of_person,
    ("object", "identify"): apply_objects.identify,
    ("object", "identify_anonymous"): apply_objects.identify,
    ("object", "delete"): apply_objects.delete,
    ("object", "add_relationships"): apply_objects.add_of_object,
    ("object", "delete_relationships"): apply_objects.delete_of_object,
    ("delivery", "event"): apply_events.delivery,
}


def accept(workspace: Workspace, item: Item, received: float) -> None:
    """Applies a checked operation, now or after the workspace's delay; received is unix seconds."""
    if workspace.settings.apply_delay or workspace.waiting:
        workspace.later(received, lambda: apply(workspace, item, int(received)))
    else:
        apply(workspace, item, int(received))


def apply(workspace: Workspace, item: dict[str, Any], now: int) -> None:
    """Applies one operation that checks.problems found fine; now is unix seconds of its arrival."""
    OPERATIONS[item["type"], item["action"]](workspace, item, now)
