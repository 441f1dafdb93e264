"""Track v1's manual segments: adding and removing up to 1000 people by one kind of identifier."""

from collections.abc import Callable
from functools import partial

from headcount.sandbox.call import OK, Answer, Call, refusal
from headcount.sandbox.segments import Segment
from headcount.sandbox.workspace import Workspace

MAX_IDS = 1000
KINDS = ("id", "email", "cio_id", "phone")


def problem_with(ids: object, kind: str) -> str:
    if not isinstance(ids, list) or not ids:
        return "ids must be an array that is not empty"
    if len(ids) > MAX_IDS:
        return f"ids cannot contain more than {MAX_IDS} values"
    if not all(isinstance(value, str) for value in ids):
        return "ids must be strings"
    return "" if kind in KINDS else "id_type must be one of cio_id, email, id or phone"


def add_customers(workspace: Workspace, call: Call, number: str) -> Answer:
    return _change(workspace, call, number, _add)


def remove_customers(workspace: Workspace, call: Call, number: str) -> Answer:
    return _change(workspace, call, number, _remove)


def _change(workspace: Workspace, call: Call, number: str, change: Callable[[Segment, str], None]) -> Answer:
    """Ids that nobody has, or that are of another kind, are ignored."""
    given = call.json()
    ids = given.get("ids") if isinstance(given, dict) else None
    kind = call.query.get("id_type", "id")
    if message := problem_with(ids, kind):
        return refusal({"meta": {"errors": [message]}})
    segment = workspace.segments.by_id.get(int(number)) if number.isdecimal() else None
    if segment is None or not segment.manual:
        what = "not found" if segment is None else "not a manual segment"
        return refusal({"meta": {"errors": [f"segment {number} is {what}"]}})
    workspace.later(call.received, partial(_apply, workspace, segment, kind, ids or [], change, call.now))
    return OK


def _apply(
    workspace: Workspace,
    segment: Segment,
    kind: str,
    ids: list[str],
    change: Callable[[Segment, str], None],
    now: int,
) -> None:
    for value in ids:
        if person := workspace.people.find(kind, value):
            change(segment, person.cio_id)
    segment.updated_at = now
    workspace.journal.note("segment", segment.id)


def _add(segment: Segment, cio_id: str) -> None:
    segment.members.add(cio_id)


def _remove(segment: Segment, cio_id: str) -> None:
    segment.members.discard(cio_id)
