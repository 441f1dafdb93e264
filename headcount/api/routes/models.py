"""Models."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router

from headcount.api.bearer import allowed
from headcount.api.envelope import Many, Number, One, Paging, answers, many
from headcount.api.shapes.model import Model
from headcount.api.shapes.model import model as shape
from headcount.service.register import connections as sources
from headcount.service.register import models as register
from headcount.service.register.connections import SOURCE
from headcount.service.roles import Deed

router = Router(tags=["Models"])


@router.get("/models", auth=allowed(Deed.LOOK), response=answers(Many[Model]))
def list_models(request: HttpRequest, paging: Query[Paging]) -> Any:
    """All models."""
    return many(request, register.models(paging.slice()), shape)


@router.get("/models/{model_id}", auth=allowed(Deed.LOOK), response=answers(One[Model]))
def fetch_model(request: HttpRequest, model_id: Number) -> Any:
    """One model."""
    return {"data": shape(register.model(model_id))}


@router.get("/sources/{source_id}/models", auth=allowed(Deed.LOOK), response=answers(Many[Model]))
def list_models_of_source(request: HttpRequest, source_id: Number, paging: Query[Paging]) -> Any:
    """The models of one source."""
    source = sources.connection(source_id, SOURCE)
    return many(request, register.models(paging.slice(), source.id), shape)
