"""One line of the log for each request.

It names the route of the request, not its path or query: a path may be a link that lets somebody in.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from headcount.logs import Event, note


class RequestLog:
    """Writes the line of each request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        note(Event.REQUEST, **_fields(request, response, time.perf_counter() - began))
        return response


def _fields(request: HttpRequest, response: HttpResponse, seconds: float) -> dict[str, Any]:
    match = request.resolver_match
    fields: dict[str, Any] = {
        "method": request.method,
        "route": match.route or "/" if match else "static" if request.path.startswith("/static/") else "-",
        "status": response.status_code,
        "ms": round(seconds * 1000),
    }
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        fields["user"] = user.get_username()
    return {**fields, "from": request.META.get("REMOTE_ADDR", "")}
