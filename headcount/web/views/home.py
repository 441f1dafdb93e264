"""The first page."""

from __future__ import annotations

from django.http import HttpRequest

from headcount.service.overview import home as overview
from headcount.service.roles import Deed
from headcount.web.access import takes
from headcount.web.page import Page, twin


@takes(Deed.LOOK)
def home(request: HttpRequest) -> Page:
    """What ran, and what needs attention."""
    return Page(template="web/home.html", title="Home", data={"home": overview()})


routes = twin("", home, "home")
