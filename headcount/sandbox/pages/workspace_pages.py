"""Events, Segments, Objects, the Activity Log and the API Requests of one workspace."""

import time
from collections.abc import Iterator
from itertools import islice
from typing import TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headcount.sandbox import wire
from headcount.sandbox.account import Account
from headcount.sandbox.events import Event
from headcount.sandbox.pages.frame import page, pager, post_form, search_form
from headcount.sandbox.pages.markup import Markup, table, tag
from headcount.sandbox.pages.moment import ago
from headcount.sandbox.pages.people_pages import name_of, told
from headcount.sandbox.pages.visitor import Visitor, form
from headcount.sandbox.recording import Recorded, Recording
from headcount.sandbox.workspace import Workspace

STEP = 50
Row = TypeVar("Row")


class WorkspacePages:
    def __init__(self, account: Account, recording: Recording) -> None:
        self.account = account
        self.recording = recording

    def _page(self, title: str, visitor: Visitor, workspace: Workspace, *content: object) -> Response:
        everywhere = list(self.account.workspaces.values())
        return page(title, *content, visitor=visitor, workspace=workspace, workspaces=everywhere)

    def events(self, request: Request, visitor: Visitor, workspace: Workspace) -> Response:
        wanted = request.query_params.get("q", "").strip()
        found = (event for event in workspace.events.newest() if wanted.lower() in event.name.lower())
        shown, more = _slice(request, found)
        rows: list[list[object]] = [_event_row(workspace, event) for event in shown]
        dropped = f"{workspace.events.dropped:,} repeats dropped"
        total = tag("p", f"{len(workspace.events):,} events, {dropped}", class_="total")
        box = search_form("Search events", wanted, "part of an event's name")
        heads = ["Name", "Person", "Data", "When", "ID", "Received"]
        return self._page(
            "Events", visitor, workspace, total, box, table(heads, rows, "No events yet."), more
        )

    def segments(self, request: Request, visitor: Visitor, workspace: Workspace) -> Response:
        rows: list[list[object]] = [
            [each.id, each.name, each.description, "manual" if each.manual else "dynamic", len(each.members)]
            for each in workspace.segments.by_id.values()
        ]
        none = "No segments yet. A manual segment is filled by API; create one here or with the App API."
        add = _adder(
            f"/workspaces/{workspace.profile.id}/segments", visitor, "New manual segment", "Create Segment"
        )
        shown = table(["ID", "Name", "Description", "Type", "People"], rows, none)
        return self._page("Segments", visitor, workspace, shown, add)

    async def new_segment(self, request: Request, visitor: Visitor, workspace: Workspace) -> Response:
        if name := (await form(request)).get("name"):
            made = workspace.segments.add(name, "", int(time.time()))
            workspace.journal.note("segment", made.id)
        return RedirectResponse(f"/workspaces/{workspace.profile.id}/segments", 303)

    def objects(self, request: Request, visitor: Visitor, workspace: Workspace) -> Response:
        types = workspace.objects.types
        shown, more = _slice(request, iter(workspace.objects.by_cio_id.values()))
        rows: list[list[object]] = [
            [
                types[each.type_id].name,
                each.object_id,
                tag("code", wire.text(each.attributes)),
                len(each.relationships),
            ]
            for each in shown
        ]
        named = ", ".join(f"{each.name} (type {each.id})" for each in types.values())
        add = _adder(
            f"/workspaces/{workspace.profile.id}/objects", visitor, "New object type", "Create Object Type"
        )
        listed = table(["Type", "Object ID", "Attributes", "Relationships"], rows, "No objects yet.")
        return self._page("Objects", visitor, workspace, tag("p", f"Types: {named}"), listed, more, add)

    async def new_object_type(self, request: Request, visitor: Visitor, workspace: Workspace) -> Response:
        if name := (await form(request)).get("name"):
            workspace.objects.add_type(name, name)
            workspace.journal.note("object_types", 0)
        return RedirectResponse(f"/workspaces/{workspace.profile.id}/objects", 303)

    def activity(self, request: Request, visitor: Visitor, workspace: Workspace) -> Response:
        shown, more = _slice(request, workspace.log.newest())
        rows: list[list[object]] = [
            [each.kind, name_of(workspace, each.cio_id), each.name, told(each), ago(each.at)]
            for each in shown
        ]
        heads = ["Type", "Person", "Name", "Data", "When"]
        return self._page("Activity Log", visitor, workspace, table(heads, rows, "Nothing yet."), more)

    def requests(self, request: Request, visitor: Visitor, workspace: Workspace) -> Response:
        theirs = [entry for entry in self.recording if entry.workspace == workspace.profile.id]
        shown, more = _slice(request, reversed(theirs))
        rows: list[list[object]] = [_request_row(entry) for entry in shown]
        heads = ["Method", "Path", "Status", "Bytes", "Answer", "When"]
        return self._page("API Requests", visitor, workspace, table(heads, rows, "No requests yet."), more)


def _slice(request: Request, rows: Iterator[Row]) -> tuple[list[Row], Markup]:
    """The rows of this page and the links to its neighbours."""
    text = request.query_params.get("start", "0")
    start = int(text) if text.isdecimal() else 0
    found = list(islice(rows, start, start + STEP + 1))
    wanted = request.query_params.get("q", "")
    query = urlencode({"q": wanted}) + "&" if wanted else ""
    return found[:STEP], pager(request.url.path, query, start, STEP, len(found) > STEP)


def _event_row(workspace: Workspace, event: Event) -> list[object]:
    whom = name_of(workspace, event.cio_id) if event.cio_id else f"anonymous {event.anonymous_id}"
    times = workspace.events.times_seen(event)
    received = "once" if times == 1 else f"{times} times, counted once"
    return [
        event.name,
        whom,
        tag("code", wire.text(event.data)),
        ago(event.timestamp),
        tag("code", event.id or ""),
        received,
    ]


def _request_row(entry: Recorded) -> list[object]:
    answer = (entry.answer or b"").decode(errors="replace")
    status = "dropped" if entry.status is None else entry.status
    return [
        entry.method,
        tag("code", entry.path),
        status,
        f"{entry.size:,}",
        tag("code", answer[:300]),
        ago(entry.wall),
    ]


def _adder(where: str, visitor: Visitor, label: str, button: str) -> Markup:
    box = tag("input", name="name", required=True, aria_label=label, placeholder=label)
    return post_form(where, visitor, tag("p", box, " ", tag("button", button)))
