"""Runs: the list, one as it works, and what people may do with it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from headcount.model import RunStatus
from headcount.service import starting_runs
from headcount.service.overview import sync_names
from headcount.service.rejections import never_sent, refusals_of_run
from headcount.service.roles import Deed
from headcount.service.run_page import list_run_rows, run_page
from headcount.web.access import takes
from headcount.web.deeds import done
from headcount.web.page import Page, twin
from headcount.web.paging import place

RUNS = (("Runs", "/runs/"),)


@takes(Deed.LOOK)
def runs(request: HttpRequest) -> Page:
    """All runs, newest first."""
    sync, status = request.GET.get("sync", ""), request.GET.get("status", "")
    found = list_run_rows(sync=sync, status=status, before=place(request, "before"))
    extra = {"sync": sync, "status": status, "statuses": [s.value for s in RunStatus], "syncs": sync_names()}
    return Page(template="web/runs/list.html", title="Runs", data={"runs": found}, extra=extra)


@takes(Deed.LOOK)
def run(request: HttpRequest, run: int) -> Page:
    """One run; the page refreshes itself while it works."""
    return Page(template="web/runs/run.html", title=f"Run {run}", data={"page": run_page(run)}, trail=RUNS)


@takes(Deed.LOOK)
def rejected(request: HttpRequest, run: int) -> Page:
    """What the run was refused."""
    found = refusals_of_run(run, after=place(request, "after", 0) or 0)
    data = {"run": run, "page": run_page(run), "rows": found}
    return Page(
        template="web/runs/rejected.html", title=f"Rejected in run {run}", data=data, trail=_trail(run)
    )


@takes(Deed.LOOK)
def invalid(request: HttpRequest, run: int) -> Page:
    """Examples of what the run did not send."""
    found = never_sent(run, after=place(request, "after", 0) or 0)
    data = {"run": run, "page": run_page(run), "rows": found}
    return Page(template="web/runs/invalid.html", title=f"Invalid in run {run}", data=data, trail=_trail(run))


def _trail(run: int) -> tuple[tuple[str, str], ...]:
    return (*RUNS, (f"Run {run}", _address(run)))


def _address(run: int) -> str:
    return reverse("run", args=[run])


@takes(Deed.RUN)
@require_POST
def cancel(request: HttpRequest, run: int) -> HttpResponse:
    """Stop it."""

    def canceled() -> str:
        status = starting_runs.cancel(run)
        return (
            "The run is canceled."
            if status == RunStatus.CANCELED.value
            else "The run stops as soon as it can."
        )

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
        return (
            "The run is paused." if status == RunStatus.PAUSED.value else "The run pauses as soon as it can."
        )

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
