"""Who is asking, and may they? Every view says what it takes; one that says nothing is for nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import Resolver404, resolve

from headcount.control.audit import acting_as
from headcount.control.models import User
from headcount.control.trouble import told
from headcount.errors import HeadcountError
from headcount.service.roles import Deed, may
from headcount.web import trouble
from headcount.web.frame import Unknown
from headcount.web.unsent import Unsent, away, sign_in_first

View = TypeVar("View", bound=Callable[..., Any])


def takes(deed: Deed, *, changing: Deed | None = None) -> Callable[[View], View]:
    """Mark a view with what it takes to look at it and, where that is more, to send its form."""

    def marked(view: View) -> View:
        view.takes, view.changing = deed, changing or deed  # type: ignore[attr-defined]
        return view

    return marked


def open_to_all(view: View) -> View:
    """Mark a view that nobody need sign in for."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view


def asks_nobody(view: View) -> View:
    """Mark a view whose answer does not depend on who is signed in: for programs, who show a token or none at all."""
    view.asks_nobody = True  # type: ignore[attr-defined]
    return open_to_all(view)


class SignedIn:
    """Lets a request through to its view only when the one who asks may do what the view is marked with."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _is_for_programs(request):
            request.user = AnonymousUser()  # no session is looked up, and the store may be away
            return self.get_response(request)
        try:
            with told():
                actor = request.user.get_username() if request.user.is_authenticated else ""
        except HeadcountError as error:
            request.user = Unknown()
            return trouble.ours(request, error)
        with acting_as(actor):
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object
    ) -> HttpResponse | None:
        if getattr(view, "open_to_all", False):
            return None
        user = request.user
        if not isinstance(user, User):
            return _sign_in_first(request)
        takes_: Deed | None = getattr(view, "takes", None)
        needed = takes_ if request.method in ("GET", "HEAD") else getattr(view, "changing", None)
        if needed is None or not may(user.role, needed):
            raise PermissionDenied(needed.value if needed else "nobody")
        return None


def _is_for_programs(request: HttpRequest) -> bool:
    try:
        return bool(getattr(resolve(request.path_info).func, "asks_nobody", False))
    except Resolver404:
        return False


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    if request.path.endswith(".json"):
        return JsonResponse({"status": "error", "message": "Sign in first."}, status=401)
    if request.headers.get("HX-Request"):
        return away(request)
    if request.method == "POST":
        return sign_in_first(request, Unsent.of(request))
    return redirect_to_login(request.get_full_path())
