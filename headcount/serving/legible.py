"""Requests that hold what no database could keep are refused before anybody looks something up by them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse

from headcount.api.trouble import failure
from headcount.web.trouble import illegible


class Legible:
    """No NUL in addresses, and none in forms. Bodies of the API are judged where they are read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object
    ) -> HttpResponse | None:
        of_api = request.path.startswith("/api/")
        if not any("\0" in text for text in _texts(request, form=not of_api)):
            return None
        if of_api:
            return failure(400, "The address holds a NUL character.", "Leave out %00.")
        return illegible(request)


def _texts(request: HttpRequest, *, form: bool) -> Iterator[str]:
    yield request.path
    for part in (request.GET, request.POST) if form else (request.GET,):
        for name, values in part.lists():
            yield name
            yield from map(str, values)
