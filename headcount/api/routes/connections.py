"""Sources and destinations; ``/connections`` is both. Testing asks the service and writes nothing there."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Status

from headcount.api.bearer import allowed
from headcount.api.envelope import Gone, Many, Number, One, Paging, answers, many
from headcount.api.shapes import connection as shapes
from headcount.api.shapes.connection_body import (
    ConnectionBody,
    DestinationWrapped,
    SourceWrapped,
    changed_draft,
    new_draft,
)
from headcount.api.shapes.tested import MadeConnection, Tested, made, tested
from headcount.api.trouble import Mistaken, as_conflict
from headcount.service.connection_draft import Draft, connect, try_draft
from headcount.service.connections import test_connection
from headcount.service.register import connections as register
from headcount.service.register.connections import DESTINATION, SOURCE
from headcount.service.removal import remove_connection as delete_stored
from headcount.service.roles import Deed

router = Router(tags=["Connections"])

Either = shapes.Source | shapes.Destination
MADE = {**answers(One[MadeConnection]), 201: One[MadeConnection]}


@router.get("/sources", auth=allowed(Deed.LOOK), response=answers(Many[shapes.Source]))
def list_sources(request: HttpRequest, paging: Query[Paging]) -> Any:
    """All sources."""
    return many(request, register.connections(paging.slice(), SOURCE), shapes.source)


@router.post("/sources", auth=allowed(Deed.OWN), response=MADE)
def create_source(request: HttpRequest, body: SourceWrapped) -> Any:
    """Add a source, once it answers."""
    return _created(body.connection, SOURCE)


@router.get("/sources/{source_id}", auth=allowed(Deed.LOOK), response=answers(One[shapes.Source]))
def fetch_source(request: HttpRequest, source_id: Number) -> Any:
    """One source."""
    return {"data": shapes.source(register.connection(source_id, SOURCE))}


@router.patch("/sources/{source_id}", auth=allowed(Deed.OWN), response=answers(One[shapes.Source]))
def change_source(request: HttpRequest, source_id: Number, body: SourceWrapped) -> Any:
    """Change a source, once it answers."""
    _changed(source_id, body.connection, SOURCE)
    return {"status": "updated", "data": shapes.source(register.connection(source_id, SOURCE))}


@router.delete("/sources/{source_id}", auth=allowed(Deed.OWN), response=answers(Gone))
def delete_source(request: HttpRequest, source_id: Number) -> Any:
    """Delete a source that nothing uses, with its stored secrets."""
    return _deleted(source_id, SOURCE)


@router.get("/destinations", auth=allowed(Deed.LOOK), response=answers(Many[shapes.Destination]))
def list_destinations(request: HttpRequest, paging: Query[Paging]) -> Any:
    """All destinations, and what each can receive."""
    return many(request, register.connections(paging.slice(), DESTINATION), shapes.destination)


@router.post("/destinations", auth=allowed(Deed.OWN), response=MADE)
def create_destination(request: HttpRequest, body: DestinationWrapped) -> Any:
    """Add a destination, once it answers."""
    return _created(body.service_connection, DESTINATION)


@router.get(
    "/destinations/{destination_id}", auth=allowed(Deed.LOOK), response=answers(One[shapes.Destination])
)
def fetch_destination(request: HttpRequest, destination_id: Number) -> Any:
    """One destination."""
    return {"data": shapes.destination(register.connection(destination_id, DESTINATION))}


@router.patch(
    "/destinations/{destination_id}", auth=allowed(Deed.OWN), response=answers(One[shapes.Destination])
)
def change_destination(request: HttpRequest, destination_id: Number, body: DestinationWrapped) -> Any:
    """Change a destination, once it answers. Credentials of another workspace are refused."""
    _changed(destination_id, body.service_connection, DESTINATION)
    found = register.connection(destination_id, DESTINATION)
    return {"status": "updated", "data": shapes.destination(found)}


@router.delete("/destinations/{destination_id}", auth=allowed(Deed.OWN), response=answers(Gone))
def delete_destination(request: HttpRequest, destination_id: Number) -> Any:
    """Delete a destination that nothing uses, with its stored secrets."""
    return _deleted(destination_id, DESTINATION)


@router.get("/connections", auth=allowed(Deed.LOOK), response=answers(Many[Either]))
def list_connections(request: HttpRequest, paging: Query[Paging]) -> Any:
    """Sources and destinations."""
    return many(request, register.connections(paging.slice()), shapes.connection)


@router.post("/connections", auth=allowed(Deed.OWN), response=MADE)
def create_connection(request: HttpRequest, body: ConnectionBody) -> Any:
    """Add a source or destination, once it answers."""
    return _created(body, None)


@router.post("/connections/test", auth=allowed(Deed.OWN), response=answers(One[Tested]))
def test_before_saving(request: HttpRequest, body: ConnectionBody) -> Any:
    """Ask a service that is not saved, and save nothing."""
    return {"data": tested(try_draft(new_draft(body, None)))}


@router.get("/connections/{connection_id}", auth=allowed(Deed.LOOK), response=answers(One[Either]))
def fetch_connection(request: HttpRequest, connection_id: Number) -> Any:
    """One source or destination."""
    return {"data": shapes.connection(register.connection(connection_id))}


@router.patch("/connections/{connection_id}", auth=allowed(Deed.OWN), response=answers(One[Either]))
def change_connection(request: HttpRequest, connection_id: Number, body: ConnectionBody) -> Any:
    """Change a source or destination, once it answers."""
    _changed(connection_id, body, None)
    return {"status": "updated", "data": shapes.connection(register.connection(connection_id))}


@router.delete("/connections/{connection_id}", auth=allowed(Deed.OWN), response=answers(Gone))
def remove_connection(request: HttpRequest, connection_id: Number) -> Any:
    """Delete a source or destination that nothing uses, with its stored secrets."""
    return _deleted(connection_id, None)


@router.post("/connections/{connection_id}/test", auth=allowed(Deed.OWN), response=answers(One[Tested]))
def test_stored(request: HttpRequest, connection_id: Number) -> Any:
    """Ask the service who it is, and note the answer."""
    return {"data": tested(test_connection(register.connection(connection_id).key))}


def _created(body: ConnectionBody, role: str | None) -> Any:
    draft = new_draft(body, role)
    _connected(draft, untested=body.save_untested)
    return Status(201, {"status": "created", "data": made(register.number_of(draft.key), draft.key)})


def _changed(number: int, body: ConnectionBody, role: str | None) -> None:
    key = register.connection(number, role).key
    _connected(changed_draft(key, body), untested=body.save_untested)


def _connected(draft: Draft, *, untested: bool) -> None:
    report = connect(draft, untested=untested)
    if not (report.passed or untested):
        hint = f"{report.hint} Nothing was saved; save_untested saves it all the same.".strip()
        raise Mistaken([(("credentials",), report.message, hint)])


def _deleted(number: int, role: str | None) -> Gone:
    found = register.connection(number, role)
    with as_conflict():
        delete_stored(found.key)
    return Gone()
