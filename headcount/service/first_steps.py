"""From an empty installation to the first sync."""

from __future__ import annotations

from dataclasses import dataclass

from headcount.control.models import Connection, Model
from headcount.project.kinds import KINDS


@dataclass(frozen=True, kw_only=True)
class FirstStep:
    """``kind`` is destination, source, model or sync."""

    kind: str
    done: bool


def first_steps(*, syncs: int) -> tuple[FirstStep, ...]:
    """What is done already, in the order of doing; nothing once there is a sync."""
    if syncs:
        return ()
    types = set(Connection.objects.values_list("type", flat=True))
    roles = {KINDS[name].role for name in types if name in KINDS}
    return (
        FirstStep(kind="destination", done="destination" in roles),
        FirstStep(kind="source", done="source" in roles),
        FirstStep(kind="model", done=Model.objects.exists()),
        FirstStep(kind="sync", done=False),
    )
