"""What a page says when something went wrong: what happened, what it means, what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from urllib.parse import unquote_plus

from django.conf import settings
from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.shortcuts import redirect, render

from headcount.control.trouble import told
from headcount.errors import SOON, ConfigurationError, HeadcountError, SourceBusy, StateError, StoreAway
from headcount.logs import Event, note
from headcount.web.frame import Unknown
from headcount.web.unsent import Unsent, ask_again, away, carried, from_here, sign_in_first

_OURS = (
    500,
    "Headcount came upon something it did not expect.",
    "It may be done in part: look before you try again. The server's log has the details; please report them.",
)
_STORE_AWAY = (
    "Headcount's own database does not answer.",
    "Try again in a minute; runs go on once it is back. If it stays so, run: headcount doctor.",
)
_STORE_ERRORS = (OperationalError, InterfaceError)
_NUL = "\N{SYMBOL FOR NULL}"
_UNTYPED = {
    "do",
    "action",
    "version",
    "base",
    "full",
    "kept",
    "typed",
    "next",
    "generation",
    "begun",
    "first",
    "m-count",
}


class Troubles:
    """Turns our errors, and Django's, into pages; the twins answer in JSON."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        bare = isinstance(response, HttpResponseNotAllowed) and not response.content
        return _only_a_form(request, response) if bare else response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, PermissionDenied):
            return forbidden(request, error)
        if isinstance(error, Http404):
            return not_found(request)
        if isinstance(error, HeadcountError):
            return ours(request, error)
        if isinstance(error, _STORE_ERRORS):
            return ours(request, _meant(error))
        return None


def ours(request: HttpRequest, error: HeadcountError) -> HttpResponse:
    """What one of our errors says. Draws its page without the control store if that is what failed."""
    message, hint = _STORE_AWAY if isinstance(error, StoreAway) else (error.message, error.hint)
    if isinstance(error, StateError):
        note(Event.STORE_UNUSABLE, reason=error.message)
    return say(request, _status(error), message, hint, typed=_typed(request))


def _meant(error: Exception) -> HeadcountError:
    """What a failure of the database that nobody has told yet comes to."""
    try:
        with told():
            raise error
    except HeadcountError as meant:
        return meant


def _typed(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    """What a form held that came to nothing, so that it can be copied; no secrets, and nothing that buttons said."""
    if request.method != "POST" or not _from_a_session(request):
        return ()
    return tuple(
        (name, value) for name, value in Unsent.of(request).fields if value.strip() and name not in _UNTYPED
    )


def _from_a_session(request: HttpRequest) -> bool:
    """Does somebody ask who is signed in? While nobody can say, the cookie does: other sites' forms do not bring it."""
    user = getattr(request, "user", None)
    if isinstance(user, Unknown):
        return settings.SESSION_COOKIE_NAME in request.COOKIES
    return user is not None and user.is_authenticated


def _status(error: HeadcountError) -> int:
    if isinstance(error, StateError | SourceBusy):
        return 503
    if isinstance(error, ConfigurationError):
        return 404 if error.message.startswith("There is no ") else 400
    return 502


def _only_a_form(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Somebody came by a bookmark, or reloaded what a button did."""
    told = say(request, 405, "There is nothing to look at here.", "A button leads here. Nothing was changed.")
    told.headers["Allow"] = response.headers["Allow"]
    return told


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """``exception`` says which role it takes."""
    needed = str(exception).capitalize()
    return say(request, 403, "You may not do this.", f"It takes the role {needed}. Ask an Owner.")


def unacceptable(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """A request that is not even looked at."""
    if isinstance(exception, DisallowedHost):
        return _unknown_host(request)
    if isinstance(exception, (RequestDataTooBig, TooManyFieldsSent)):
        return say(request, 413, "This form is too large; nothing was changed.", "Send less at once.")
    if isinstance(exception, TooManyFilesSent):
        return say(request, 413, "Files cannot be uploaded here; nothing was changed.")
    return say(request, 400, "This request cannot be understood; nothing was changed.")


def illegible(request: HttpRequest) -> HttpResponse:
    """A form or an address with a NUL character in it. What was typed is given back with a sign in its place."""
    if "\0" in f"{request.path}?{unquote_plus(request.META.get('QUERY_STRING', ''))}":
        return say(request, 400, "This address holds a NUL character; nothing was changed.", "Leave out %00.")
    typed = tuple((name.replace("\0", _NUL), value.replace("\0", _NUL)) for name, value in _typed(request))
    message = "This form holds a NUL character, which cannot be kept; nothing was changed."
    hint = "Go back, take it out and send the form once more."
    return say(request, 400, message, f"{hint} Below, {_NUL} stands for it." if typed else hint, typed=typed)


def _unknown_host(request: HttpRequest) -> HttpResponse:
    name = request.META.get("HTTP_HOST", "")[:100].rsplit(":", 1)[0] or "NAME"
    return say(
        request,
        400,
        "Headcount does not answer to this address.",
        f"If it is right, start the server with: headcount serve --allow-host {name}",
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return say(request, 404, "There is no such page.", "It may have been deleted, or the address has a typo.")


def failed(request: HttpRequest) -> HttpResponse:
    """A mistake of ours, or a store that went away while the answer was under way: even this page may fail then."""
    error = sys.exception()
    status, message, hint = (503, *_STORE_AWAY) if isinstance(error, _STORE_ERRORS) else _OURS
    try:
        return say(request, status, message, hint, typed=_typed(request))
    except Exception:  # whoever asks gets an answer; what went wrong first is in the log already
        return HttpResponse(f"{message} {hint}\n", status=status, content_type="text/plain; charset=utf-8")


def stale_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the visitor's own token: it came from another site, or is older than their signing in."""
    if from_here(request, reason) and settings.CSRF_COOKIE_NAME in request.COOKIES:
        if request.headers.get("HX-Request"):
            return away(request)
        if (again := _once_more(request)) is not None:
            return again
    return say(
        request,
        403,
        "This form is too old, or cookies are blocked; nothing was changed.",
        "Go back, load the page again and send the form once more.",
    )


def _once_more(request: HttpRequest) -> HttpResponse | None:
    """What was typed is kept. None for forms of people who cannot sign in yet."""
    match = request.resolver_match
    signing_in = match is not None and match.url_name == "sign-in"
    if match is None or (getattr(match.func, "open_to_all", False) and not signing_in):
        return None
    unsent = carried(request) if signing_in else Unsent.of(request)
    if not request.user.is_authenticated:
        return sign_in_first(request, unsent, username=request.POST.get("username", ""))
    return ask_again(request, unsent) if unsent else redirect("home")


def say(
    request: HttpRequest, status: int, message: str, hint: str = "", *, typed: Sequence[tuple[str, str]] = ()
) -> HttpResponse:
    """One trouble as a page, or as JSON for a twin."""
    answer: HttpResponse
    if request.path.endswith(".json"):
        answer = JsonResponse({"status": "error", "message": message, "hint": hint}, status=status)
    else:
        context = {"title": message, "hint": hint, "typed": typed}
        answer = render(request, "web/trouble.html", context, status=status)
    if status == 503:
        answer.headers["Retry-After"] = str(SOON)
    return answer
