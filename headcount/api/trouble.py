"""What the API says when something went wrong: which field, what is wrong with it, what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, AuthorizationError, HttpError, Throttled, ValidationError

from headcount.amounts import amount
from headcount.errors import (
    SOON,
    ConfigurationError,
    HeadcountError,
    SourceBusy,
    StateError,
    TransientError,
    WrongWorkspace,
)
from headcount.logs import Event, note
from headcount.project.problems import Path, Problem, ProjectError
from headcount.service.applying import ChangedMeanwhile
from headcount.service.entries import Refused, Stale

Mistake = tuple[Path, str, str]  # where, what is wrong, how to mend it

_NOT_THERE = re.compile(
    r"There is no (such .+|complete plan here\.|"
    r"(source|destination|connection|model|sync|run|person|plan of run|delivery) \S+\.)"
)


class Conflict(ConfigurationError):
    """What was asked for does not fit the present state."""


class Mistaken(ConfigurationError):
    """Something that was sent has mistakes: all of them, each with its path."""

    def __init__(self, found: Iterable[Mistake]) -> None:
        self.errors = [{"field": spelled(path) or "body", "message": m, "hint": h} for path, m, h in found]
        super().__init__(self.errors[0]["message"])


@contextmanager
def as_conflict() -> Iterator[None]:
    """Around deeds that take no data: what is wrong with them can only be the state of things."""
    try:
        yield
    except (ProjectError, Mistaken):
        raise
    except ConfigurationError as error:
        if _NOT_THERE.fullmatch(error.message):
            raise
        raise Conflict(error.message, hint=error.hint) from error


def failure(status: int, message: str, hint: str = "", errors: Sequence[dict[str, Any]] = ()) -> HttpResponse:
    """One trouble in its envelope."""
    body = {"status": "error", "message": message, "hint": hint, "errors": list(errors)}
    answer = JsonResponse(body, status=status)
    if status == 503:
        answer.headers["Retry-After"] = str(SOON)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Headcount"'
    return answer


def register(api: NinjaAPI) -> None:
    """Give the API its answers to everything that can be raised in it."""
    for kind, answer in _answers().items():
        api.add_exception_handler(kind, answer)


def _answers() -> dict[type[Exception], Callable[..., HttpResponse]]:
    return {
        HeadcountError: _ours,
        ProjectError: _mistakes,
        Mistaken: lambda _, error: mistaken(error.errors),
        Refused: _refused,
        ChangedMeanwhile: _changed,
        Stale: _changed,
        ValidationError: _invalid,
        AuthenticationError: _stranger,
        AuthorizationError: _not_allowed,
        Throttled: _too_many,
        HttpError: _unreadable,
        RequestDataTooBig: _too_large,
        Http404: lambda request, _: not_found(request),
        Exception: _unexpected,
    }


def not_found(request: HttpRequest, rest: str = "") -> HttpResponse:
    """For addresses that nothing answers to."""
    return failure(404, "There is no such address.", "GET /api/v1/openapi.json lists all there are.")


def with_method_told(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Also that an address knows no such method is said in the envelope."""

    @wraps(view)
    def called(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = view(request, *args, **kwargs)
        if answer.status_code != 405:
            return answer
        allow = answer.headers["Allow"]
        told = failure(405, f"{request.method} means nothing here.", f"Use {allow}.")
        told.headers["Allow"] = allow
        return told

    return called


def _ours(request: HttpRequest, error: HeadcountError) -> HttpResponse:
    status = _status(error)
    if isinstance(error, StateError):
        note(Event.STORE_UNUSABLE, reason=error.message)
    return failure(
        status, error.message, error.hint or ("List them to see which there are." if status == 404 else "")
    )


def _status(error: HeadcountError) -> int:
    """By who acts next: what a person has to mend is no trouble of the server, and asking again does not help."""
    if isinstance(error, Conflict | WrongWorkspace):
        return 409
    if isinstance(error, ConfigurationError) and _NOT_THERE.fullmatch(error.message):
        return 404
    if isinstance(error, StateError | TransientError | SourceBusy):
        return 503
    return 422


def _mistakes(request: HttpRequest, error: ProjectError) -> HttpResponse:
    """Mistakes in an entry, each with its field."""
    return mistaken([_wrong(problem) for problem in error.problems])


def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    return mistaken(
        [{"field": each.field or "body", "message": each.wrong, "hint": each.mend} for each in error.found]
    )


def _changed(request: HttpRequest, error: HeadcountError) -> HttpResponse:
    hint = "Fetch it again, and send the change with the version it has now."
    return failure(409, error.message, hint)


def mistaken(errors: Sequence[dict[str, Any]]) -> HttpResponse:
    """Several mistakes in what was sent: the first one speaks for all."""
    first, more = errors[0], len(errors) - 1
    follow = f" {amount(more, 'more mistake follows', 'more mistakes follow')}." if more else ""
    return failure(422, f"{first['message']}{follow}", first["hint"], errors)


def _wrong(problem: Problem) -> dict[str, Any]:
    return {"field": spelled(problem.path), "message": problem.wrong, "hint": problem.mend}


def spelled(path: Path) -> str:
    """``mappings[0].to``; as in JSON, lists are counted from 0."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [_field(each) for each in error.errors]
    hint = "GET /api/v1/openapi.json says what each field takes."
    return failure(422, f"{errors[0]['field']}: {errors[0]['message']}", hint, errors)


def _field(each: dict[str, Any]) -> dict[str, Any]:
    """Of pydantic's words; its location begins with where the value stood, and the parameter's name."""
    place, *rest = each["loc"]
    path = tuple(rest[1:] if place == "body" else rest)
    return {"field": spelled(path) or "body", "message": f"{each['msg']}.", "hint": ""}


def _stranger(request: HttpRequest, error: Exception) -> HttpResponse:
    return failure(
        401,
        "This takes a token that Headcount knows.",
        "Send it as Authorization: Bearer TOKEN. Settings, API tokens, makes one.",
    )


def _not_allowed(request: HttpRequest, error: AuthorizationError) -> HttpResponse:
    """The error's message is the role it takes."""
    hint = f"It takes the role {error.message}. A token may do no more than its owner."
    return failure(403, "This token may not do this.", hint)


def _too_many(request: HttpRequest, error: Throttled) -> HttpResponse:
    return failure(429, "Too many requests with this token.", "Retry-After says how many seconds to wait.")


def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == 400:
        hint = "Send UTF-8, without NaN, lone surrogates or NUL characters."
        return failure(400, "The body is no JSON that can be read.", hint)
    return failure(error.status_code, str(error))


def _too_large(request: HttpRequest, error: Exception) -> HttpResponse:
    return failure(413, "The body is too large.", "Send at most 2 MB.")


def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    note(Event.UNEXPECTED, error)
    return failure(
        500,
        "Headcount came upon something it did not expect.",
        "Its log has the details; please report them.",
    )
