"""One record's story, found by its key, shown under an opaque address."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from headcount.errors import ConfigurationError
from headcount.service.records import find_record, key_column, record_story
from headcount.service.roles import Deed
from headcount.service.sync_page import sync_head
from headcount.web.access import takes
from headcount.web.page import Page, twin
from headcount.web.said import tell
from headcount.web.views.syncs import SYNCS, trail_of


@takes(Deed.LOOK)
def records(request: HttpRequest, key: str) -> Page | HttpResponse:
    """The search; a key is sent as a form, for addresses are kept in logs."""
    head = sync_head(key)
    if request.method == "POST":
        try:
            return redirect("sync-record", key=key, record=find_record(key, request.POST.get("key", "")))
        except ConfigurationError as error:
            tell(request, f"{error.message} {error.hint}", "failed")
            return redirect("sync-records", key=key)
    return Page(
        template="web/syncs/records.html",
        title=head.name,
        data={"sync": head},
        extra={"tab": "records", "key_column": key_column(key)},
        trail=SYNCS,
    )


@takes(Deed.LOOK)
def record(request: HttpRequest, key: str, record: str) -> Page:
    """What is known about one record."""
    head = sync_head(key)
    return Page(
        template="web/syncs/record.html",
        title="Record",
        data={"sync": head, "record": record_story(key, record)},
        extra={"tab": "records"},
        trail=(*trail_of(key, head.name), ("Records", reverse("sync-records", args=[key]))),
    )


routes = [
    *twin("syncs/<slug:key>/records/", records, "sync-records"),
    *twin("syncs/<slug:key>/records/<slug:record>/", record, "sync-record"),
]
