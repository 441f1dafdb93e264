"""What a connection can be made to: each type with its declared fields, from which every form and check comes."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from headcount.api.bearer import allowed
from headcount.api.envelope import One, answers
from headcount.engines import Field as DeclaredField
from headcount.project.kinds import KINDS, ConnectionKind
from headcount.service.register.connections import DESTINATION, SOURCE
from headcount.service.roles import Deed

router = Router(tags=["Connections"])


class Service(Schema):
    """A type of connection. ``guide`` says what to have at hand; ``models`` are the ways a model may name its rows.

    ``configuration_fields`` are the names that ``credentials`` takes: ``secret`` ones never come back.
    """

    service_name: str
    label: str
    role: str
    guide: str
    models: list[str]
    configuration_fields: list[DeclaredField]


@router.get("/source_types", auth=allowed(Deed.LOOK), response=answers(One[list[Service]]))
def list_source_types(request: HttpRequest) -> Any:
    """The types of sources, each with its fields."""
    return {"data": _services(SOURCE)}


@router.get("/connectors", auth=allowed(Deed.LOOK), response=answers(One[list[Service]]))
def list_connectors(request: HttpRequest) -> Any:
    """The types of destinations, each with its fields."""
    return {"data": _services(DESTINATION)}


def _services(role: str) -> list[Service]:
    return [_service(kind) for kind in KINDS.values() if kind.role == role]


def _service(kind: ConnectionKind) -> Service:
    return Service(
        service_name=kind.name,
        label=kind.label,
        role=kind.role,
        guide=kind.guide,
        models=list(kind.models),
        configuration_fields=list(kind.fields),
    )
