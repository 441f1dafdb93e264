"""People, their tokens, and masked columns: all of it for Owners."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from headcount.api.bearer import ApiRequest, allowed
from headcount.api.envelope import LARGEST, Gone, Number, One, answers
from headcount.api.shapes.strict import Strict
from headcount.api.trouble import as_conflict
from headcount.control.models import Role
from headcount.service import masks, people, tokens, welcome
from headcount.service.masking import set_masked
from headcount.service.masks import MaskInfo
from headcount.service.people import Person
from headcount.service.register import connections
from headcount.service.roles import Deed
from headcount.service.tokens import TokenInfo

router = Router(tags=["People"])


@dataclass(frozen=True, kw_only=True)
class Invited(Person):
    """``link`` is where they set a password; it works for three days."""

    link: str


class NewPerson(Strict):
    username: str = Field(min_length=1, max_length=150)
    name: str = Field("", max_length=200)
    role: Role


class ChangedPerson(Strict):
    """What is given is changed."""

    name: str | None = Field(None, max_length=200)
    role: Role | None = None
    active: bool | None = None


@dataclass(frozen=True, kw_only=True)
class IssuedToken(TokenInfo):
    """``token`` can be read this once."""

    token: str


class NewToken(Strict):
    """A token of the caller's own."""

    name: str = Field(min_length=1, max_length=200)
    role: Role


class ToMask(Strict):
    """A column by its name in any case, in every model of a source."""

    connection_id: int = Field(ge=1, le=LARGEST, description="Its source.")
    column: str = Field(min_length=1, max_length=300)


class Me(Schema):
    """Whom the token speaks for, and what it may do."""

    username: str
    role: str


@router.get("/me", auth=allowed(Deed.LOOK), response=answers(One[Me]))
def who_am_i(request: ApiRequest) -> Any:
    """Whom this token speaks for."""
    return {"data": {"username": request.auth.username, "role": request.auth.role.value}}


@router.get("/users", auth=allowed(Deed.OWN), response=answers(One[list[Person]]))
def list_people(request: HttpRequest) -> Any:
    """Everybody."""
    return {"data": list(people.listing())}


@router.post("/users", auth=allowed(Deed.OWN), response={**answers(One[Invited]), 201: One[Invited]})
def add_person(request: HttpRequest, body: NewPerson) -> Any:
    """Add somebody, and make the link with which they set a password."""
    person = people.add(body.username, body.role.value, name=body.name)
    return Status(201, {"status": "created", "data": _invited(request, person)})


@router.post("/users/{user_id}/link", auth=allowed(Deed.OWN), response=answers(One[Invited]))
def make_link(request: HttpRequest, user_id: Number) -> Any:
    """Make a new link with which somebody sets a password. Links made before end."""
    return {"status": "created", "data": _invited(request, people.find_by_id(user_id))}


def _invited(request: HttpRequest, person: Person) -> Invited:
    link = request.build_absolute_uri(welcome.link_path(person.username))
    return Invited(**asdict(person), link=link)


@router.patch("/users/{user_id}", auth=allowed(Deed.OWN), response=answers(One[Person]))
def change_person(request: HttpRequest, user_id: Number, body: ChangedPerson) -> Any:
    """Change what somebody is called, may do, and whether they may come in: all that is given, or nothing. There is
    always an Owner left.
    """
    username = people.find_by_id(user_id).username
    with as_conflict():
        role = body.role.value if body.role is not None else None
        changed = people.change(username, name=body.name, role=role, active=body.active)
    return {"status": "updated", "data": changed}


@router.delete("/users/{user_id}", auth=allowed(Deed.OWN), response=answers(Gone))
def delete_person(request: HttpRequest, user_id: Number) -> Any:
    """Delete somebody and their tokens. What they did stays in the activity."""
    username = people.find_by_id(user_id).username
    with as_conflict():
        people.delete(username)
    return Gone()


@router.get("/tokens", auth=allowed(Deed.OWN), response=answers(One[list[TokenInfo]]))
def list_tokens(request: HttpRequest) -> Any:
    """The tokens of everybody."""
    return {"data": list(tokens.listing())}


@router.post("/tokens", auth=allowed(Deed.OWN), response={**answers(One[IssuedToken]), 201: One[IssuedToken]})
def issue_token(request: ApiRequest, body: NewToken) -> Any:
    """Make a token. It is shown this once."""
    issued = tokens.issue(request.auth.username, name=body.name, role=body.role.value)
    made = IssuedToken(**asdict(issued.info), token=issued.token)
    return Status(201, {"status": "created", "data": made})


@router.delete("/tokens/{token_id}", auth=allowed(Deed.OWN), response=answers(Gone))
def revoke_token(request: ApiRequest, token_id: Number) -> Any:
    """End a token."""
    tokens.revoke(token_id, by=request.auth.username)
    return Gone()


@router.get("/masked_columns", auth=allowed(Deed.LOOK), response=answers(One[list[MaskInfo]]))
def list_masked(request: HttpRequest) -> Any:
    """The masked columns of all sources."""
    return {"data": list(masks.listing())}


@router.post("/masked_columns", auth=allowed(Deed.OWN), response=answers(One[list[MaskInfo]]))
def mask_column(request: HttpRequest, body: ToMask) -> Any:
    """Show a column's values nowhere from now on. They are sent as ever."""
    key = connections.connection(body.connection_id, "source").key
    set_masked(key, [body.column])
    return {"status": "created", "data": [each for each in masks.listing() if each.connection == key]}


@router.delete("/masked_columns/{masked_id}", auth=allowed(Deed.OWN), response=answers(Gone))
def unmask_column(request: HttpRequest, masked_id: Number) -> Any:
    """Show a column's values again."""
    masks.unmask(masked_id)
    return Gone()
