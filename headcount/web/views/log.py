"""The API log of a sync."""

from __future__ import annotations

from django.http import HttpRequest

from headcount.service.api_log import bodies_of, requests
from headcount.service.roles import Deed
from headcount.service.sync_page import sync_head
from headcount.web.access import takes
from headcount.web.page import Page, twin
from headcount.web.paging import place
from headcount.web.views.syncs import SYNCS


@takes(Deed.LOOK)
def log(request: HttpRequest, key: str) -> Page:
    """Requests and what came back."""
    head, run, troubled = sync_head(key), place(request, "run"), bool(request.GET.get("troubled"))
    found = requests(key, run=run, troubled=troubled, before=place(request, "before"))
    return Page(
        template="web/syncs/log.html",
        title=head.name,
        data={"sync": head, "requests": found},
        extra={"tab": "log", "run": run, "troubled": troubled},
        trail=SYNCS,
    )


@takes(Deed.LOOK)
def said(request: HttpRequest, key: str, number: int) -> Page:
    """What one request and its answer said."""
    head = sync_head(key)
    return Page(
        template="web/syncs/log_request.html",
        title=head.name,
        data={"sync": head, "bodies": bodies_of(key, number)},
        extra={"tab": "log"},
        trail=SYNCS,
    )


routes = [
    *twin("syncs/<slug:key>/log/", log, "sync-log"),
    *twin("syncs/<slug:key>/log/<int:number>/", said, "sync-log-request"),
]
