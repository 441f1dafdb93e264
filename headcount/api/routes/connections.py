"""Sources and destinations; ``/connections`` lists both."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from headcount.api.bearer import allowed
from headcount.api.envelope import Many, Number, One, Paging, answers, many
from headcount.api.shapes import connection as shapes
from headcount.service.register import connections as register
from headcount.service.register.connections import DESTINATION, SOURCE
from headcount.service.roles import Deed

router = Router(tags=["Connections"])

Either = shapes.Source | shapes.Destination


@router.get("/sources", auth=allowed(Deed.LOOK), response=answers(Many[shapes.Source]))
def list_sources(request: HttpRequest, paging: Query[Paging]) -> Any:
    """All sources."""
    return many(request, register.connections(paging.slice(), SOURCE), shapes.source)


@router.get("/sources/{source_id}", auth=allowed(Deed.LOOK), response=answers(One[shapes.Source]))
def fetch_source(request: HttpRequest, source_id: Number) -> Any:
    """One source."""
    return {"data": shapes.source(register.connection(source_id, SOURCE))}


@router.get("/destinations", auth=allowed(Deed.LOOK), response=answers(Many[shapes.Destination]))
def list_destinations(request: HttpRequest, paging: Query[Paging]) -> Any:
    """All destinations, and what each can receive."""
    return many(request, register.connections(paging.slice(), DESTINATION), shapes.destination)


@router.get(
    "/destinations/{destination_id}", auth=allowed(Deed.LOOK), response=answers(One[shapes.Destination])
)
def fetch_destination(request: HttpRequest, destination_id: Number) -> Any:
    """One destination."""
    return {"data": shapes.destination(register.connection(destination_id, DESTINATION))}


@router.get("/connections", auth=allowed(Deed.LOOK), response=answers(Many[Either]))
def list_connections(request: HttpRequest, paging: Query[Paging]) -> Any:
    """Sources and destinations."""
    return many(request, register.connections(paging.slice()), shapes.connection)


@router.get("/connections/{connection_id}", auth=allowed(Deed.LOOK), response=answers(One[Either]))
def fetch_connection(request: HttpRequest, connection_id: Number) -> Any:
    """One source or destination."""
    return {"data": shapes.connection(register.connection(connection_id))}
