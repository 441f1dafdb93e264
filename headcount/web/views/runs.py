"""Runs: the list, one as it works, and what people may do with it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from headcount.control.models import User
from headcount.model import RunStatus
from headcount.service import starting_runs
from headcount.service.overview import sync_names
from headcount.service.rejections import never_sent, refusals_of_run
from headcount.service.roles import Deed, may
from headcount.service.run_page import RunPage, RunRow, list_run_rows, run_page
from headcount.web.access import takes
from headcount.web.deeds import done
from headcount.web.page import Page, twin
from headcount.web.paging import place

SPANS = ((24, "the last 24 hours"), (7 * 24, "the last 7 days"), (30 * 24, "the last 30 days"))


@takes(Deed.LOOK)
def runs(request: HttpRequest) -> Page:
    """All runs, newest first."""
    sync, status = request.GET.get("sync", ""), request.GET.get("status", "")
    hours = place(request, "hours")
    hours = hours if hours in dict(SPANS) else None
    found = list_run_rows(sync=sync, status=status, hours=hours, before=place(request, "before"))
    extra = {
        "sync": sync,
        "status": status,
        "hours": hours,
        "spans": SPANS,
        "statuses": [s.value for s in RunStatus],
        "syncs": sync_names(),
    }
    return Page(template="web/runs/list.html", title="Runs", data={"runs": found}, extra=extra)


@takes(Deed.LOOK)
def run(request: HttpRequest, run: int) -> Page:
    """One run; the page refreshes itself while it works. What asks for that part says which buttons its page has."""
    page = run_page(run)
    extra = {
        "deeds": _deeds(request, page),
        "deeds_shown": request.GET.get("deeds") if request.headers.get("HX-Request") else None,
    }
    return Page(
        template="web/runs/run.html",
        title=f"Run {run}",
        data={"page": page},
        extra=extra,
        trail=runs_above(page.run),
    )


def _deeds(request: HttpRequest, page: RunPage) -> str:
    """What may be done with the run now by whoever asks: ``pause cancel``, for example."""
    possible = {"pause": page.can_pause, "resume": page.can_resume, "cancel": page.can_cancel}
    allowed = isinstance(request.user, User) and may(request.user.role, Deed.RUN)
    return " ".join(deed for deed, is_possible in possible.items() if allowed and is_possible)


@takes(Deed.LOOK)
def rejected(request: HttpRequest, run: int) -> Page:
    """What the run was refused."""
    found = refusals_of_run(run, after=place(request, "after", 0) or 0)
    page = run_page(run)
    data = {"run": run, "page": page, "rows": found}
    trail = run_above(page.run)
    return Page(template="web/runs/rejected.html", title=f"Rejected in run {run}", data=data, trail=trail)


@takes(Deed.LOOK)
def invalid(request: HttpRequest, run: int) -> Page:
    """Examples of what the run did not send."""
    field, reason = request.GET.get("field"), request.GET.get("reason", "")
    found = never_sent(run, field=field, reason=reason, after=place(request, "after", 0) or 0)
    page = run_page(run)
    data = {"run": run, "page": page, "rows": found}
    asked = {"field": field, "reason": reason or None}
    return Page(
        template="web/runs/invalid.html",
        title=f"Invalid in run {run}",
        data=data,
        extra={
            "field": field,
            "reason": reason,
            "query": urlencode({name: text for name, text in asked.items() if text is not None}),
        },
        trail=run_above(page.run),
    )


def runs_above(run: RunRow) -> tuple[tuple[str, str], ...]:
    """The pages above a run's: its sync, and the runs of that."""
    above = reverse("sync", args=[run.sync])
    return ("Syncs", "/syncs/"), (run.sync_name, above), ("Runs", f"{above}runs/")


def run_above(run: RunRow) -> tuple[tuple[str, str], ...]:
    """The pages above one of a run's pages."""
    return *runs_above(run), (f"Run {run.run}", _address(run.run))


def _address(run: int) -> str:
    return reverse("run", args=[run])


@takes(Deed.RUN)
@require_POST
def cancel(request: HttpRequest, run: int) -> HttpResponse:
    """Stop it. What is said stays above the part that refreshes itself, so it has to be true after the end as well."""

    def canceled() -> str:
        status = starting_runs.cancel(run)
        return "The run is canceled." if status == RunStatus.CANCELED.value else "The run was told to stop."

    return done(request, canceled, _address(run))


@takes(Deed.RUN)
@require_POST
def approve(request: HttpRequest, run: int) -> HttpResponse:
    """Let it pass the guard that stopped it."""

    def approved() -> str:
        starting_runs.approve(run, named=request.POST.get("name", ""))
        return "Approved: the run goes on."

    return done(request, approved, _address(run))


@takes(Deed.RUN)
@require_POST
def pause(request: HttpRequest, run: int) -> HttpResponse:
    """Let it rest."""

    def paused() -> str:
        status = starting_runs.pause(run)
        return "The run is paused." if status == RunStatus.PAUSED.value else "The run was told to pause."

    return done(request, paused, _address(run))


@takes(Deed.RUN)
@require_POST
def resume(request: HttpRequest, run: int) -> HttpResponse:
    """Let it go on."""

    def resumed() -> str:
        starting_runs.resume(run)
        return "The run goes on where it stopped."

    return done(request, resumed, _address(run))


routes = [
    *twin("runs/", runs, "runs"),
    *twin("runs/<int:run>/", run, "run"),
    *twin("runs/<int:run>/rejected/", rejected, "run-rejected"),
    *twin("runs/<int:run>/invalid/", invalid, "run-invalid"),
    path("runs/<int:run>/cancel/", cancel, name="run-cancel"),
    path("runs/<int:run>/approve/", approve, name="run-approve"),
    path("runs/<int:run>/pause/", pause, name="run-pause"),
    path("runs/<int:run>/resume/", resume, name="run-resume"),
]
