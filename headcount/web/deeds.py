"""Forms that do something and lead to a page that tells what came of it."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from headcount.errors import ConfigurationError
from headcount.web.said import tell


def done(request: HttpRequest, deed: Callable[[], str], then: str) -> HttpResponse:
    """Do it, tell the sentence it returns on the page ``then``; what it refuses is told there too."""
    try:
        tell(request, deed())
    except ConfigurationError as error:
        tell(request, f"{error.message} {error.hint}".strip(), "failed")
    return redirect(then)


def begun(request: HttpRequest, deed: Callable[[], int], back: str) -> HttpResponse:
    """The same for what makes a run: the page that follows is the run's."""
    try:
        run = deed()
    except ConfigurationError as error:
        tell(request, f"{error.message} {error.hint}".strip(), "failed")
        return redirect(back)
    return redirect("run", run=run)
