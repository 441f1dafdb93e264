"""Who is calling, and may they? Only a token says so: the cookies of the pages count for nothing here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from ninja.errors import AuthenticationError, AuthorizationError
from ninja.security import HttpBasicAuth, HttpBearer

from headcount.control.audit import acting_as
from headcount.service.roles import Deed, may
from headcount.service.tokens import Caller, who


class ApiRequest(HttpRequest):
    """A request that was let through."""

    auth: Caller


class Bearer(HttpBearer):
    """``Authorization: Bearer TOKEN``."""

    def __init__(self, deed: Deed) -> None:
        super().__init__()
        self.deed = deed

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        return admitted(token, self.deed)


class BasicBearer(HttpBasicAuth):
    """The same in the form of addresses: ``https://bearer:TOKEN@host/``."""

    def __init__(self, deed: Deed) -> None:
        super().__init__()
        self.deed = deed

    def authenticate(self, request: HttpRequest, username: str, password: str) -> Caller | None:
        return admitted(password, self.deed) if username.lower() == "bearer" else None


def allowed(deed: Deed) -> list[Any]:
    """For a route's ``auth``: lets through whoever may do the deed."""
    return [Bearer(deed), BasicBearer(deed)]


def admitted(token: str, deed: Deed) -> Caller:
    """The caller. Raises ninja's errors for a token that is unknown (401) or may not do it (403)."""
    caller = who(token)
    if caller is None:
        raise AuthenticationError()
    if not may(caller.role, deed):
        raise AuthorizationError(message=deed.value)
    return caller


def in_the_callers_name(view: Callable[..., Any]) -> Callable[..., Any]:
    """What a route changes is written down as the doing of the token's owner."""

    @wraps(view)
    def called(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        caller: Caller | None = getattr(request, "auth", None)
        with acting_as(
            caller.username if caller else "", through=f"token {caller.token_name}" if caller else ""
        ):
            return view(request, *args, **kwargs)

    return called
