"""A connection as it is sent: settings and secrets together, told apart by what its type declares."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from headcount.api.shapes.strict import Strict
from headcount.api.trouble import Mistaken
from headcount.project.connection_entry import unknown_kind
from headcount.project.kinds import BUDGET, KINDS, ConnectionKind
from headcount.project.references import is_reference
from headcount.service.connection_draft import Draft, current, free_key


class ConnectionBody(Strict):
    """``credentials`` holds all fields of the type. A secret is stored encrypted, unless it says ``env:NAME`` or
    ``file:PATH``. ``budget`` is how fast a workspace may be written to.

    It is tested before it is saved; ``save_untested`` saves it also when the test fails.
    """

    type: str | None = None
    name: str | None = Field(None, min_length=1, max_length=200)
    label: str | None = Field(None, min_length=1, max_length=200, description="The same as name.")
    key: str | None = Field(None, max_length=100, description="Made from the name when it is left out.")
    credentials: dict[str, Any] = Field(default_factory=dict)
    budget: dict[str, Any] | None = None
    save_untested: bool = False

    @property
    def title(self) -> str | None:
        return self.name or self.label


class SourceWrapped(Strict):
    """As other products' clients send a source."""

    connection: ConnectionBody


class DestinationWrapped(Strict):
    """As other products' clients send a destination."""

    service_connection: ConnectionBody


def new_draft(body: ConnectionBody, role: str | None) -> Draft:
    """A connection that is not there yet. Raises ``Mistaken`` for a type that there is not, or not of this role."""
    kind = KINDS.get(body.type or "")
    if kind is None or role not in (None, kind.role):
        wrong, mend = unknown_kind(body.type)
        raise Mistaken([(("type",), wrong if kind is None else f"{kind.name} is no {role}.", mend)])
    name = body.title or kind.label
    settings, secrets, _ = _parted(kind, body)
    return Draft(
        key=body.key or free_key(name), name=name, kind=kind, settings=settings, secrets=secrets, version=""
    )


def changed_draft(key: str, body: ConnectionBody) -> Draft:
    """A stored connection with what was sent in it: what is given replaces, null removes, the rest stays."""
    kind, name, stored, version = current(key)
    if body.type not in (None, kind.name):
        raise Mistaken([(("type",), f"The connection is of type {kind.name}.", "Make another one.")])
    settings, secrets, dropped = _parted(kind, body)
    kept = {field: value for field, value in stored.items() if field not in kind.secrets}
    merged = {field: value for field, value in {**kept, **settings}.items() if value is not None}
    return Draft(
        key=key,
        name=body.title or name,
        kind=kind,
        settings=merged,
        secrets=secrets,
        dropped=dropped,
        version=version,
    )


def _parted(
    kind: ConnectionKind, body: ConnectionBody
) -> tuple[dict[str, Any], dict[str, str], frozenset[str]]:
    """Settings and references; values of secrets; secrets that are to be forgotten."""
    settings: dict[str, Any] = {} if body.budget is None else {BUDGET: body.budget}
    secrets: dict[str, str] = {}
    for field, value in body.credentials.items():
        if field not in kind.secrets or (isinstance(value, str) and is_reference(value)):
            settings[field] = value
        elif isinstance(value, str) and value:
            secrets[field] = value
        elif value is not None:
            raise Mistaken([(("credentials", field), "A secret must be text.", "Put it in quotes.")])
    dropped = {name for name in kind.secrets if name in body.credentials and body.credentials[name] is None}
    return settings, secrets, frozenset(dropped)
