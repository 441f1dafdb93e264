"""Syncs: the list, one in figures, and what starts a run of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from headcount.service import starting_runs
from headcount.service.alerts import alerts
from headcount.service.overview import list_syncs
from headcount.service.roles import Deed
from headcount.service.run_page import list_run_rows
from headcount.service.sync_page import sync_head, sync_page
from headcount.web.access import takes
from headcount.web.deeds import begun
from headcount.web.page import Page, twin
from headcount.web.paging import place

SYNCS = (("Syncs", "/syncs/"),)


def trail_of(key: str, name: str) -> tuple[tuple[str, str], ...]:
    """The pages above one of a sync's pages."""
    return (*SYNCS, (name, reverse("sync", args=[key])))


@takes(Deed.LOOK)
def syncs(request: HttpRequest) -> Page:
    """All syncs with their recent runs."""
    return Page(template="web/syncs/list.html", title="Syncs", data={"syncs": list_syncs()})


@takes(Deed.LOOK)
def sync(request: HttpRequest, key: str) -> Page:
    """The overview of one sync."""
    page = sync_page(key)
    open_alerts = [alert for alert in alerts(key, limit=10) if alert.resolved_at is None]
    data = {"sync": page.sync, "page": page, "alerts": open_alerts}
    return Page(
        template="web/syncs/overview.html",
        title=page.sync.name,
        data=data,
        extra={"tab": "overview"},
        trail=SYNCS,
    )


@takes(Deed.LOOK)
def runs(request: HttpRequest, key: str) -> Page:
    """The runs of one sync."""
    head = sync_head(key)
    status = request.GET.get("status", "")
    found = list_run_rows(sync=key, status=status, before=place(request, "before"))
    return Page(
        template="web/syncs/runs.html",
        title=head.name,
        data={"sync": head, "runs": found},
        extra={"tab": "runs", "status": status},
        trail=SYNCS,
    )


@takes(Deed.RUN)
@require_POST
def start(request: HttpRequest, key: str) -> HttpResponse:
    """Run now."""
    return begun(request, lambda: starting_runs.start(key), reverse("sync", args=[key]))


@takes(Deed.RUN)
def full(request: HttpRequest, key: str) -> Page | HttpResponse:
    """A full run: first how much it is, then the deed."""
    if request.method == "POST":
        return begun(request, lambda: starting_runs.start(key, full=True), reverse("sync", args=[key]))
    page = sync_page(key)
    data = {"sync": page.sync, "page": page}
    title = f"Run {page.sync.name} in full"
    return Page(template="web/syncs/full.html", title=title, data=data, trail=trail_of(key, page.sync.name))


@takes(Deed.RUN)
@require_POST
def test(request: HttpRequest, key: str) -> HttpResponse:
    """Send one row."""
    typed = request.POST.get("key", "")
    return begun(request, lambda: starting_runs.test(key, typed), reverse("sync", args=[key]))


routes = [
    *twin("syncs/", syncs, "syncs"),
    *twin("syncs/<slug:key>/", sync, "sync"),
    *twin("syncs/<slug:key>/runs/", runs, "sync-runs"),
    *twin("syncs/<slug:key>/full/", full, "sync-full"),
    path("syncs/<slug:key>/run/", start, name="sync-start"),
    path("syncs/<slug:key>/test/", test, name="sync-test"),
]
