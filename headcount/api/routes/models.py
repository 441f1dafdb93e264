"""Models, and what there is to make them of."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status

from headcount.api.bearer import allowed
from headcount.api.envelope import Gone, Many, Number, One, Paging, answers, many
from headcount.api.shapes.how_many import HowMany
from headcount.api.shapes.model import Model
from headcount.api.shapes.model import model as shape
from headcount.api.shapes.model_body import ModelBody, changed_draft, new_draft
from headcount.api.shapes.rows import Rows, Table, rows, table
from headcount.api.trouble import as_conflict
from headcount.service.browsing import relations_of
from headcount.service.models import ModelDraft, delete_model, save_model, stored_draft, try_model
from headcount.service.register import connections as sources
from headcount.service.register import models as register
from headcount.service.register.connections import SOURCE
from headcount.service.roles import Deed

router = Router(tags=["Models"])


class MadeModel(Schema):
    """A new model. ``warnings`` say which syncs need columns it does not have."""

    id: int
    key: str
    warnings: list[str]


MADE = {**answers(One[MadeModel]), 201: One[MadeModel]}


@router.get("/models", auth=allowed(Deed.LOOK), response=answers(Many[Model]))
def list_models(request: HttpRequest, paging: Query[Paging]) -> Any:
    """All models."""
    return many(request, register.models(paging.slice()), shape)


@router.post("/models", auth=allowed(Deed.EDIT), response=MADE)
def create_model(request: HttpRequest, body: ModelBody) -> Any:
    """Make a model, once its source accepts it."""
    return _created(new_draft(body), unread=body.save_unread)


@router.post("/models/preview", auth=allowed(Deed.EDIT), response=answers(One[Rows]))
def preview_before_saving(request: HttpRequest, body: ModelBody, wanted: Query[HowMany]) -> Any:
    """The first rows of a model that is not saved."""
    return {"data": rows(try_model(new_draft(body), limit=wanted.rows))}


@router.get("/models/{model_id}", auth=allowed(Deed.LOOK), response=answers(One[Model]))
def fetch_model(request: HttpRequest, model_id: Number) -> Any:
    """One model."""
    return {"data": shape(register.model(model_id))}


@router.patch("/models/{model_id}", auth=allowed(Deed.EDIT), response=answers(One[Model]))
def change_model(request: HttpRequest, model_id: Number, body: ModelBody) -> Any:
    """Change a model: what is given replaces what was there. The key stays."""
    save_model(changed_draft(register.model(model_id).key, body), unread=body.save_unread)
    return {"status": "updated", "data": shape(register.model(model_id))}


@router.delete("/models/{model_id}", auth=allowed(Deed.EDIT), response=answers(Gone))
def remove_model(request: HttpRequest, model_id: Number) -> Any:
    """Delete a model that no sync reads."""
    key = register.model(model_id).key
    with as_conflict():
        delete_model(key)
    return Gone()


@router.get("/models/{model_id}/preview", auth=allowed(Deed.LOOK), response=answers(One[Rows]))
def preview_model(request: HttpRequest, model_id: Number, wanted: Query[HowMany]) -> Any:
    """The first rows of a model, and its columns."""
    return {"data": rows(try_model(stored_draft(register.model(model_id).key), limit=wanted.rows))}


@router.get("/sources/{source_id}/models", auth=allowed(Deed.LOOK), response=answers(Many[Model]))
def list_models_of_source(request: HttpRequest, source_id: Number, paging: Query[Paging]) -> Any:
    """The models of one source."""
    source = sources.connection(source_id, SOURCE)
    return many(request, register.models(paging.slice(), source.id), shape)


@router.post("/sources/{source_id}/models", auth=allowed(Deed.EDIT), response=MADE)
def create_model_of_source(request: HttpRequest, source_id: Number, body: ModelBody) -> Any:
    """Make a model of one source."""
    return _created(new_draft(body, source_id), unread=body.save_unread)


@router.get("/sources/{source_id}/tables", auth=allowed(Deed.EDIT), response=answers(One[list[Table]]))
def list_tables(request: HttpRequest, source_id: Number) -> Any:
    """The tables, views or files of a source, asked for now."""
    found = relations_of(sources.connection(source_id, SOURCE).key)
    return {"data": [table(relation) for relation in found]}


def _created(draft: ModelDraft, *, unread: bool) -> Any:
    warnings = save_model(draft, unread=unread)
    made = MadeModel(id=register.number_of(draft.key), key=draft.key, warnings=list(warnings))
    return Status(201, {"status": "created", "data": made})
