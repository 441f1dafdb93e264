"""The App API's workspaces, collections, exports and imports."""

from collections.abc import Callable
from typing import Any

from headcount.sandbox.account import Account
from headcount.sandbox.app_errors import AppError, not_found
from headcount.sandbox.call import NO_CONTENT, Answer, Call, answer
from headcount.sandbox.routes import Route
from headcount.sandbox.workspace import Workspace

COLLECTION_BYTES = 10_000_000


def workspaces(account: Account, workspace: Workspace, call: Call) -> Answer:
    """All workspaces of the account."""
    rows = [
        {
            "id": each.profile.id,
            "name": each.profile.name,
            "messages_sent": 0,
            "billable_messages_sent": 0,
            "people": len(each.people),
            "object_types": len(each.objects.types),
            "objects": len(each.objects.by_cio_id),
        }
        for each in account.workspaces.values()
    ]
    return answer({"workspaces": rows})


def exports(account: Account, workspace: Workspace, call: Call) -> Answer:
    return answer({"exports": None})


def imports(account: Account, workspace: Workspace, call: Call, *number: str) -> Answer:
    raise AppError("the sandbox takes no imports: it fetches nothing from other hosts", 422)


def collections(account: Account, workspace: Workspace, call: Call) -> Answer:
    return answer({"collections": [_told(each) for each in workspace.collections.values()]})


def create_collection(account: Account, workspace: Workspace, call: Call) -> Answer:
    given = call.json()
    name, rows = (given.get("name"), given.get("data")) if isinstance(given, dict) else (None, None)
    if not isinstance(name, str) or not name or not _is_content(rows):
        raise AppError("name and data (an array of objects) are required", 422)
    number = max(workspace.collections, default=0) + 1
    made = {"id": number, "name": name, "data": rows, "created_at": call.now, "updated_at": call.now}
    workspace.collections[number] = made
    workspace.journal.note("collection", number)
    return answer({"collection": _told(made)})


def show_collection(account: Account, workspace: Workspace, call: Call, number: str) -> Answer:
    return answer({"collection": _told(_find(workspace, number))})


def update_collection(account: Account, workspace: Workspace, call: Call, number: str) -> Answer:
    found, given = _find(workspace, number), call.json()
    if not isinstance(given, dict) or ("data" in given and not _is_content(given["data"])):
        raise AppError("data must be an array of objects", 422)
    found |= {name: given[name] for name in ("name", "data") if name in given}
    return _changed(workspace, found, call)


def delete_collection(account: Account, workspace: Workspace, call: Call, number: str) -> Answer:
    del workspace.collections[_find(workspace, number)["id"]]
    workspace.journal.note("collection", int(number))
    return NO_CONTENT


def content(account: Account, workspace: Workspace, call: Call, number: str) -> Answer:
    return answer(_find(workspace, number)["data"])


def replace_content(account: Account, workspace: Workspace, call: Call, number: str) -> Answer:
    """The whole content at once; there is no way to change a single row."""
    found, rows = _find(workspace, number), call.json()
    if len(call.body) > COLLECTION_BYTES or not _is_content(rows):
        raise AppError("the body must be an array of objects, at most 10 MB", 422)
    found["data"] = rows
    return _changed(workspace, found, call)


def _changed(workspace: Workspace, found: dict[str, Any], call: Call) -> Answer:
    found["updated_at"] = call.now
    workspace.journal.note("collection", found["id"])
    return answer({"collection": _told(found)})


def _is_content(rows: object) -> bool:
    return isinstance(rows, list) and all(isinstance(row, dict) for row in rows)


def _find(workspace: Workspace, number: str) -> dict[str, Any]:
    if not number.isdecimal() or int(number) not in workspace.collections:
        raise not_found()
    return workspace.collections[int(number)]


def _told(made: dict[str, Any]) -> dict[str, Any]:
    rows = made["data"]
    schema = list(dict.fromkeys(name for row in rows for name in row))
    kept = {name: value for name, value in made.items() if name != "data"}
    return {**kept, "rows": len(rows), "schema": schema}


Handler = Callable[..., Answer]
ROUTES = [
    Route[Handler]("GET", "/v1/workspaces", workspaces),
    Route[Handler]("GET", "/v1/exports", exports),
    Route[Handler]("POST", "/v1/imports", imports),
    Route[Handler]("GET", "/v1/imports/*", imports),
    Route[Handler]("GET", "/v1/collections", collections),
    Route[Handler]("POST", "/v1/collections", create_collection),
    Route[Handler]("GET", "/v1/collections/*", show_collection),
    Route[Handler]("PUT", "/v1/collections/*", update_collection),
    Route[Handler]("DELETE", "/v1/collections/*", delete_collection),
    Route[Handler]("GET", "/v1/collections/*/content", content),
    Route[Handler]("PUT", "/v1/collections/*/content", replace_content),
]
