"""A model as it is sent."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from headcount.api.shapes.strict import Strict
from headcount.service.models import ModelDraft, free_key, stored_draft
from headcount.service.register import connections
from headcount.service.register.connections import SOURCE

WAYS = ("table", "query", "path")


class ModelBody(Strict):
    """Exactly one of ``table``, ``query`` and ``path`` says which rows. ``types`` declares columns of sources without
    types. ``version`` is the one that was fetched. ``save_unread`` saves a model that its source does not accept now.
    """

    name: str | None = Field(None, min_length=1, max_length=200)
    key: str | None = Field(None, max_length=100, description="Made from the name when it is left out.")
    connection_id: int | None = Field(None, ge=1, le=2**63 - 1, description="Its source.")
    table: str | None = None
    query: str | None = Field(None, max_length=100_000)
    path: str | None = None
    types: dict[str, str] | None = None
    version: str | None = None
    save_unread: bool = False


def new_draft(body: ModelBody, source: int | None = None) -> ModelDraft:
    """A model that is not there yet. Raises ``ConfigurationError`` for a source that is not there."""
    name = body.name or "model"
    return ModelDraft(
        key=body.key or free_key(name),
        name=name,
        connection=connections.connection(source or body.connection_id or 0, SOURCE).key,
        table=body.table or "",
        query=body.query or "",
        path=body.path or "",
        types=body.types or {},
    )


def changed_draft(key: str, body: ModelBody) -> ModelDraft:
    """The stored model with what was sent in it; another way to name the rows takes the place of the one before."""
    draft = stored_draft(key)
    if any(getattr(body, way) is not None for way in WAYS):
        draft = replace(draft, table=body.table or "", query=body.query or "", path=body.path or "")
    if body.connection_id is not None:
        draft = replace(draft, connection=connections.connection(body.connection_id, SOURCE).key)
    return replace(
        draft,
        name=body.name or draft.name,
        types=draft.types if body.types is None else body.types,
        version=draft.version if body.version is None else body.version,
    )
