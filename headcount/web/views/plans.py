"""Plans: made to be looked at, or those of runs; row by row, and as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from headcount.service.drafts import cancel_draft, drafts, find_draft, plan_of_draft, start_draft
from headcount.service.plan_rows import FATES, OPERATIONS, Filter, PlanRow, all_rows, plan_of_run, plan_page
from headcount.service.records import find_record
from headcount.service.roles import Deed
from headcount.service.sought import sought
from headcount.service.sync_page import model_of, sync_head, sync_page
from headcount.service.unfit_rows import never_sent_by_draft
from headcount.web.access import takes
from headcount.web.csv_cells import cell
from headcount.web.deeds import done
from headcount.web.page import Page, twin
from headcount.web.paging import place
from headcount.web.views.syncs import SYNCS, trail_of


@takes(Deed.LOOK, changing=Deed.RUN)
def plan(request: HttpRequest, key: str) -> Page | HttpResponse:
    """The kept plans of a sync; sending the form makes one."""
    if request.method == "POST":
        draft = start_draft(key, full=bool(request.POST.get("full")))
        return redirect("sync-draft", key=key, draft=draft.id)
    page = sync_page(key)
    return Page(
        template="web/syncs/plan.html",
        title=page.sync.name,
        data={"sync": page.sync, "drafts": drafts(key)},
        extra={"tab": "plan", "page": page},
        trail=SYNCS,
    )


@takes(Deed.LOOK)
def draft(request: HttpRequest, key: str, draft: str) -> Page | HttpResponse:
    """One plan: its sums, and its rows once it is made."""
    if request.method == "POST":
        return _to_record(request, key)
    head, found = sync_head(key), find_draft(key, draft)
    if request.headers.get("HX-Request") and found.status != "working":
        return HttpResponse(headers={"HX-Refresh": "true"})  # it is over: the page is loaded as a whole, once
    rows, record = None, None
    if found.status == "done":
        kept, which = plan_of_draft(key, draft), _filter(request)
        rows, record = plan_page(kept, which, after=_after(request)), sought(kept, which)
    return Page(
        template="web/syncs/draft.html",
        title=f"Plan of {head.name}",
        data={"sync": head, "draft": found, "page": rows, "sought": record},
        extra={
            "tab": "plan",
            "model": model_of(key),
            "complaints": sum(rows for *_, rows in (found.plan or {}).get("invalid_reasons", ())),
            **_filtered(request),
        },
        trail=trail_of(key, head.name),
    )


@takes(Deed.LOOK)
def draft_invalid(request: HttpRequest, key: str, draft: str) -> Page:
    """The rows that the plan leaves out."""
    head, (field, reason) = sync_head(key), (request.GET.get("field"), request.GET.get("reason", ""))
    rows = never_sent_by_draft(key, draft, field=field, reason=reason, after=_after(request))
    asked = {"field": field, "reason": reason or None}
    return Page(
        template="web/syncs/draft_invalid.html",
        title=f"Invalid in the plan of {head.name}",
        data={"sync": head, "rows": rows},
        extra={
            "tab": "plan",
            "field": field,
            "reason": reason,
            "query": urlencode({name: text for name, text in asked.items() if text is not None}),
        },
        trail=(*trail_of(key, head.name), ("Plan", reverse("sync-draft", args=[key, draft]))),
    )


@takes(Deed.RUN)
@require_POST
def cancel(request: HttpRequest, key: str, draft: str) -> HttpResponse:
    """Make no more of it."""

    def canceled() -> str:
        status = cancel_draft(key, draft).status
        return "The plan ends as soon as it can." if status == "working" else "The plan is canceled."

    return done(request, canceled, reverse("sync-draft", args=[key, draft]))


@takes(Deed.LOOK)
def draft_file(request: HttpRequest, key: str, draft: str, form: str) -> StreamingHttpResponse:
    """A plan as a file; with values only when the address asks for them."""
    rows = all_rows(plan_of_draft(key, draft), _filter(request))
    return _file(rows, form, f"plan-{key}", values=bool(request.GET.get("values")))


@takes(Deed.LOOK)
def rows(request: HttpRequest, run: int) -> Page | HttpResponse:
    """The rows of a run's plan, and what became of them."""
    kept = plan_of_run(run)
    if request.method == "POST":
        return _to_record(request, kept.sync)
    which = _filter(request)
    page, record = plan_page(kept, which, after=_after(request)), sought(kept, which)
    above = trail_of(kept.sync, sync_head(kept.sync).name)
    return Page(
        template="web/runs/rows.html",
        title=f"Changes of run {run}",
        data={"run": run, "page": page, "sought": record},
        extra={**_filtered(request), "fates": FATES},
        trail=(
            *above,
            ("Runs", reverse("sync-runs", args=[kept.sync])),
            (f"Run {run}", reverse("run", args=[run])),
        ),
    )


@takes(Deed.LOOK)
def rows_file(request: HttpRequest, run: int, form: str) -> StreamingHttpResponse:
    """The same as a file."""
    found = all_rows(plan_of_run(run), _filter(request))
    return _file(found, form, f"run-{run}", values=bool(request.GET.get("values")))


def _filter(request: HttpRequest) -> Filter:
    asked = {name: request.GET.get(name, "") for name in ("op", "field", "record", "fate")}
    return Filter(**asked)


def _after(request: HttpRequest) -> int:
    after = place(request, "after")
    return -1 if after is None else after


def _filtered(request: HttpRequest) -> dict[str, object]:
    """For templates: the present filter, and the address of the same page without its place."""
    kept = {name: str(value) for name, value in request.GET.items() if name != "after" and value}
    return {"which": _filter(request), "query": urlencode(kept), "operations": OPERATIONS}


def _to_record(request: HttpRequest, sync: str) -> HttpResponse:
    """A key is typed into a form, never into an address: the page that follows has the record's opaque name."""
    record = find_record(sync, request.POST.get("key", ""))
    return redirect(f"{request.path}?{urlencode({'record': record})}")


def _file(rows: Iterable[PlanRow], form: str, name: str, *, values: bool) -> StreamingHttpResponse:
    lines, kind = (
        (_csv(rows, values=values), "text/csv")
        if form == "csv"
        else (_json(rows, values=values), "application/json")
    )
    answer = StreamingHttpResponse(lines, content_type=f"{kind}; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return answer


def _csv(rows: Iterable[PlanRow], *, values: bool) -> Iterator[str]:
    """One line for each changed field; without values the fields of a row share one."""
    yield _line(["operation", "key", "field", "old", "new"] if values else ["operation", "key", "fields"])
    for row in rows:
        if not values:
            yield _line([row.op, row.key, ", ".join(change.field for change in row.fields)])
            continue
        for change in row.fields:
            yield _line([row.op, row.key, change.field, cell(change.old), cell(change.new)])
        if not row.fields:
            yield _line([row.op, row.key, "", "", ""])


def _line(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _json(rows: Iterable[PlanRow], *, values: bool) -> Iterator[str]:
    """One JSON document, a row a line."""
    before = "["
    for row in rows:
        fields = (
            [asdict(change) for change in row.fields] if values else [change.field for change in row.fields]
        )
        yield f"{before}\n{json.dumps({'operation': row.op, 'key': row.key, 'fields': fields})}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


routes = [
    *twin("syncs/<slug:key>/plan/", plan, "sync-plan"),
    *twin("syncs/<slug:key>/plan/<slug:draft>/", draft, "sync-draft"),
    *twin("syncs/<slug:key>/plan/<slug:draft>/invalid/", draft_invalid, "sync-draft-invalid"),
    path("syncs/<slug:key>/plan/<slug:draft>/cancel/", cancel, name="sync-draft-cancel"),
    path("syncs/<slug:key>/plan/<slug:draft>/plan.csv", draft_file, {"form": "csv"}, name="sync-draft-csv"),
    path(
        "syncs/<slug:key>/plan/<slug:draft>/plan.json", draft_file, {"form": "json"}, name="sync-draft-json"
    ),
    *twin("runs/<int:run>/rows/", rows, "run-rows"),
    path("runs/<int:run>/rows/rows.csv", rows_file, {"form": "csv"}, name="run-rows-csv"),
    path("runs/<int:run>/rows/rows.json", rows_file, {"form": "json"}, name="run-rows-json"),
]
