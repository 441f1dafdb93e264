"""Who did what."""

from __future__ import annotations

from django.http import HttpRequest

from headcount.service.activity import activity as entries
from headcount.service.roles import Deed
from headcount.service.sync_page import sync_head
from headcount.web.access import takes
from headcount.web.page import Page, twin
from headcount.web.paging import place
from headcount.web.views.syncs import SYNCS


@takes(Deed.LOOK)
def activity(request: HttpRequest) -> Page:
    """Everything, newest first."""
    found = entries(before=place(request, "before"))
    return Page(template="web/activity.html", title="Activity", data={"entries": found})


@takes(Deed.LOOK)
def of_sync(request: HttpRequest, key: str) -> Page:
    """What concerns one sync."""
    head = sync_head(key)
    found = entries(sync=key, before=place(request, "before"))
    return Page(
        template="web/syncs/activity.html",
        title=head.name,
        data={"sync": head, "entries": found},
        extra={"tab": "activity"},
        trail=SYNCS,
    )


routes = [
    *twin("activity/", activity, "activity"),
    *twin("syncs/<slug:key>/activity/", of_sync, "sync-activity"),
]
