"""The App API's segments: list, create, look at, delete."""

from collections.abc import Callable
from typing import Any

from headcount.sandbox.account import Account
from headcount.sandbox.app_errors import AppError, not_found
from headcount.sandbox.call import NO_CONTENT, Answer, Call, answer
from headcount.sandbox.paging import page
from headcount.sandbox.routes import Route
from headcount.sandbox.segments import Segment
from headcount.sandbox.workspace import Workspace


def segment_json(segment: Segment) -> dict[str, Any]:
    return {
        "id": segment.id,
        "deduplicate_id": f"{segment.id}:{segment.updated_at}",
        "name": segment.name,
        "description": segment.description,
        "state": "finished",
        "progress": None,
        "type": "manual" if segment.manual else "dynamic",
        "tags": None,
        "created_at": segment.created_at,
        "updated_at": segment.updated_at,
    }


def find(workspace: Workspace, number: str) -> Segment:
    segment = workspace.segments.by_id.get(int(number)) if number.isdecimal() else None
    if segment is None:
        raise not_found()
    return segment


def list_(account: Account, workspace: Workspace, call: Call) -> Answer:
    return answer({"segments": [segment_json(segment) for segment in workspace.segments.by_id.values()]})


def create(account: Account, workspace: Workspace, call: Call) -> Answer:
    body = call.json()
    given = body.get("segment") if isinstance(body, dict) else None
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not given["name"].strip():
        raise AppError("name is required", 422)
    segment = workspace.segments.add(given["name"], str(given.get("description") or ""), call.now)
    workspace.journal.note("segment", segment.id)
    return answer({"segment": segment_json(segment)})


def show(account: Account, workspace: Workspace, call: Call, number: str) -> Answer:
    return answer({"segment": segment_json(find(workspace, number))})


def delete(account: Account, workspace: Workspace, call: Call, number: str) -> Answer:
    segment = find(workspace, number)
    if not segment.manual:
        raise AppError("only manual segments can be deleted")
    del workspace.segments.by_id[segment.id]
    workspace.journal.note("segment", segment.id)
    return NO_CONTENT


def used_by(account: Account, workspace: Workspace, call: Call, number: str) -> Answer:
    find(workspace, number)
    return answer({"used_by": {"campaigns": None, "sent_newsletters": None, "draft_newsletters": None}})


def customer_count(account: Account, workspace: Workspace, call: Call, number: str) -> Answer:
    return answer({"count": len(find(workspace, number).members)})


def membership(account: Account, workspace: Workspace, call: Call, number: str) -> Answer:
    members = sorted(find(workspace, number).members)
    shown, next_ = page(members, call, default=1000, most=30_000)
    people = [workspace.people.by_cio_id[cio_id].identifiers() for cio_id in shown]
    return answer({"ids": [person["id"] for person in people], "identifiers": people, "next": next_})


Handler = Callable[..., Answer]
ROUTES = [
    Route[Handler]("GET", "/v1/segments", list_),
    Route[Handler]("POST", "/v1/segments", create),
    Route[Handler]("GET", "/v1/segments/*", show),
    Route[Handler]("DELETE", "/v1/segments/*", delete),
    Route[Handler]("GET", "/v1/segments/*/used_by", used_by),
    Route[Handler]("GET", "/v1/segments/*/customer_count", customer_count),
    Route[Handler]("GET", "/v1/segments/*/membership", membership),
]
