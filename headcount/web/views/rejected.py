"""Rejected rows of a sync: by reason and field, one group's rows, as a file; retried and muted."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from headcount.amounts import amount
from headcount.service import rejections, starting_runs
from headcount.service.roles import Deed
from headcount.service.sync_page import sync_head
from headcount.web.access import takes
from headcount.web.deeds import begun, done
from headcount.web.page import Page, twin
from headcount.web.paging import place
from headcount.web.views.syncs import SYNCS, trail_of


@takes(Deed.LOOK)
def rejected(request: HttpRequest, key: str) -> Page:
    """All groups of a sync."""
    head = sync_head(key)
    data = {"sync": head, "groups": rejections.refusal_groups(key)}
    return Page(
        template="web/syncs/rejected.html", title=head.name, data=data, extra={"tab": "rejected"}, trail=SYNCS
    )


@takes(Deed.LOOK)
def group(request: HttpRequest, key: str, group: int) -> Page:
    """The rows of one group, the muted ones apart."""
    head, found = sync_head(key), rejections.refusal_group(key, group)
    muted = bool(request.GET.get("muted"))
    rows = rejections.refusals(key, group=group, muted=muted, after=place(request, "after", 0) or 0)
    return Page(
        template="web/syncs/rejected_group.html",
        title=f"Rejected: {found.reason or 'without a reason'}",
        data={"sync": head, "group": found, "rows": rows},
        extra={"tab": "rejected", "muted": muted},
        trail=(*trail_of(key, head.name), ("Rejected", reverse("sync-rejected", args=[key]))),
    )


@takes(Deed.LOOK)
def download(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """All open rows, or those of a group, as CSV."""
    lines = rejections.refusals_as_csv(key, group=place(request, "group"))
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="rejected-{key}.csv"'
    return answer


@takes(Deed.RUN)
@require_POST
def retry(request: HttpRequest, key: str) -> HttpResponse:
    """Send all of them again, those of a group, or the chosen ones."""

    def retried() -> int:
        if request.POST.get("all"):
            return starting_runs.retry(key)
        return starting_runs.retry(key, _keys(request, key))

    return begun(request, retried, _back(request, key))


@takes(Deed.RUN)
@require_POST
def mute(request: HttpRequest, key: str) -> HttpResponse:
    """Do not count them as open until they change; or do so again."""
    muted = not request.POST.get("again")

    def deed() -> str:
        ids, group = _chosen(request), _number(request, "group")
        if not ids and group is None:
            raise rejections.nothing_chosen()
        if not ids and group is not None:
            rows = rejections.mute_group(key, group, muted=muted)
        else:
            rows = rejections.mute_rows(key, ids, muted=muted)
        said = "Muted until they change" if muted else "Listed again"
        return f"{said}: {amount(rows, 'row')}."

    return done(request, deed, _back(request, key))


def _keys(request: HttpRequest, key: str) -> list[str]:
    """Of the chosen rows if any are chosen, else of the group."""
    ids, group = _chosen(request), _number(request, "group")
    return rejections.keys_to_retry(key, group=None if ids else group, ids=ids)


def _chosen(request: HttpRequest) -> list[int]:
    return [int(text) for text in request.POST.getlist("row") if _is_number(text)]


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.POST.get(name, "")
    return int(text) if _is_number(text) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _back(request: HttpRequest, key: str) -> str:
    """The group's page when the form stood there."""
    at = _number(request, "at")
    return (
        reverse("sync-rejected", args=[key]) if at is None else reverse("sync-rejected-group", args=[key, at])
    )


routes = [
    *twin("syncs/<slug:key>/rejected/", rejected, "sync-rejected"),
    *twin("syncs/<slug:key>/rejected/<int:group>/", group, "sync-rejected-group"),
    path("syncs/<slug:key>/rejected/rows.csv", download, name="sync-rejected-file"),
    path("syncs/<slug:key>/rejected/retry/", retry, name="sync-rejected-retry"),
    path("syncs/<slug:key>/rejected/mute/", mute, name="sync-rejected-mute"),
]
