"""People: the list, a search, and everything about one person."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from headcount.sandbox import wire
from headcount.sandbox.account import Account
from headcount.sandbox.activity import Activity
from headcount.sandbox.pages.frame import page, pager, search_form
from headcount.sandbox.pages.markup import Markup, link, table, tag
from headcount.sandbox.pages.moment import ago
from headcount.sandbox.pages.visitor import Visitor
from headcount.sandbox.people import Person
from headcount.sandbox.workspace import Workspace

STEP = 50
SCANNED = 200_000  # people looked through for a search that is no identifier


class PeoplePages:
    def __init__(self, account: Account) -> None:
        self.account = account

    def all(self, request: Request, visitor: Visitor, workspace: Workspace) -> Response:
        wanted = request.query_params.get("q", "").strip()
        start = _start(request)
        found = (
            _search(workspace, wanted, start + STEP + 1) if wanted else _first(workspace, start + STEP + 1)
        )
        shown = found[start : start + STEP]
        rows: list[list[object]] = [_row(workspace, person) for person in shown]
        base = f"/workspaces/{workspace.profile.id}/people"
        query = urlencode({"q": wanted}) + "&" if wanted else ""
        total = tag("p", f"{len(workspace.people):,} people in this workspace", class_="total")
        nobody = "Nobody matches." if wanted else "No people yet. They appear when a client identifies them."
        return page(
            "People",
            total,
            search_form("Search people", wanted, "id, email, cio_id or part of a value"),
            table(["ID", "Email", "cio_id", "Attributes", "Subscribed"], rows, nobody),
            pager(base, query, start, STEP, len(found) > start + STEP),
            visitor=visitor,
            workspace=workspace,
            workspaces=list(self.account.workspaces.values()),
        )

    def one(self, request: Request, visitor: Visitor, workspace: Workspace) -> Response:
        person = workspace.people.by_cio_id.get(request.path_params["cio_id"])
        everywhere = list(self.account.workspaces.values())
        if person is None:
            gone = tag("p", "Nobody here has this cio_id: the person was deleted, merged, or never existed.")
            return page(
                "Person", gone, visitor=visitor, workspace=workspace, workspaces=everywhere, status=404
            )
        title = str(person.email or person.id or person.cio_id)
        parts = [
            _attributes(person),
            _segments(workspace, person),
            _devices(person),
            _relationships(workspace, person),
        ]
        log = [
            tag("h2", "Events"),
            _events(workspace, person),
            tag("h2", "Activity Log"),
            _log(workspace, person),
        ]
        return page(title, *parts, *log, visitor=visitor, workspace=workspace, workspaces=everywhere)


def _start(request: Request) -> int:
    text = request.query_params.get("start", "0")
    return int(text) if text.isdecimal() else 0


def _first(workspace: Workspace, count: int) -> list[Person]:
    return [person for person, _ in zip(workspace.people, range(count), strict=False)]


def _search(workspace: Workspace, wanted: str, count: int) -> list[Person]:
    """The person with this identifier first, then those with the text in any value."""
    kinds = (*workspace.kinds, "cio_id")
    exact = [person for kind in kinds if (person := workspace.people.find(kind, wanted))]
    found = {person.cio_id: person for person in exact}
    for person, _ in zip(workspace.people, range(SCANNED), strict=False):
        if len(found) >= count:
            break
        if any(wanted.lower() in str(value).lower() for value in person.attributes.values()):
            found[person.cio_id] = person
    return list(found.values())


def name_of(workspace: Workspace, cio_id: str) -> Markup | str:
    person = workspace.people.by_cio_id.get(cio_id)
    if person is None:
        return cio_id or "nobody"
    where = f"/workspaces/{workspace.profile.id}/people/{cio_id}"
    return link(where, str(person.email or person.id or cio_id))


def _row(workspace: Workspace, person: Person) -> list[object]:
    where = f"/workspaces/{workspace.profile.id}/people/{person.cio_id}"
    subscribed = "unsubscribed" if person.unsubscribed else "subscribed"
    first = link(where, person.id or "no id")
    return [first, person.email or "", tag("code", person.cio_id), len(person.attributes), subscribed]


def _attributes(person: Person) -> Markup:
    rows: list[list[object]] = [
        [tag("code", name), tag("code", wire.text(value)), ago(person.time_of(name))]
        for name, value in {"cio_id": person.cio_id, **person.attributes}.items()
    ]
    return tag("section", tag("h2", "Attributes"), table(["Attribute", "Value", "Since"], rows, "None."))


def _segments(workspace: Workspace, person: Person) -> Markup:
    names = [segment.name for segment in workspace.segments.of_person(person.cio_id)]
    return tag("section", tag("h2", "Segments"), tag("p", ", ".join(names) or "In no segment."))


def _devices(person: Person) -> Markup | None:
    rows: list[list[object]] = [[tag("code", d.token), d.platform] for d in person.devices.values()]
    return tag("section", tag("h2", "Devices"), table(["Token", "Platform"], rows, "")) if rows else None


def _relationships(workspace: Workspace, person: Person) -> Markup | None:
    rows: list[list[object]] = [
        [workspace.objects.types[thing.type_id].name, thing.object_id, tag("code", wire.text(attributes))]
        for thing in workspace.objects.of_person(person.cio_id)
        for attributes in [thing.relationships[person.cio_id]]
    ]
    if not rows:
        return None
    return tag("section", tag("h2", "Relationships"), table(["Type", "Object", "Attributes"], rows, ""))


def _events(workspace: Workspace, person: Person) -> Markup:
    newest = workspace.events.of_person(person.cio_id)[-STEP:][::-1]
    rows: list[list[object]] = [
        [
            event.name,
            event.kind,
            tag("code", wire.text(event.data)),
            ago(event.timestamp),
            tag("code", event.id or ""),
        ]
        for event in newest
    ]
    return table(["Name", "Type", "Data", "When", "ID"], rows, "No events yet.")


def _log(workspace: Workspace, person: Person) -> Markup:
    entries = [entry for entry, _ in zip(workspace.log.newest(person.cio_id), range(STEP), strict=False)]
    return log_table([[entry.kind, entry.name, told(entry), ago(entry.at)] for entry in entries])


def log_table(rows: list[list[object]]) -> Markup:
    return table(["Type", "Name", "Data", "When"], rows, "Nothing yet.")


def told(entry: Activity) -> Markup:
    """An activity's data in one line; for changes, old and new values."""
    if not entry.kind.endswith("attribute_change") or isinstance(entry.data, dict):
        return tag("code", wire.text(entry.data or {}))
    before, after = entry.data
    changes = [f"{name}: {wire.text(before.get(name))} → {wire.text(new)}" for name, new in after.items()]
    return tag("code", "; ".join(changes))
