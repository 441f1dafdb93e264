"""What is done to a whole sync: pause, resume, copy, delete."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path

from headcount.service.choices import destinations_to_choose
from headcount.service.editing import delete_sync, loss_of, open_sync, pause_sync
from headcount.service.roles import Deed
from headcount.service.sync_page import sync_head
from headcount.service.timing import timing_of
from headcount.web.access import takes
from headcount.web.page import Answer, Page, twin
from headcount.web.said import tell


@takes(Deed.RUN)
def pause(request: HttpRequest, key: str) -> HttpResponse:
    """Schedules leave the sync alone from now on."""
    return _paused(request, key, paused=True)


@takes(Deed.RUN)
def resume(request: HttpRequest, key: str) -> HttpResponse:
    """Schedules start the sync again."""
    return _paused(request, key, paused=False)


def _paused(request: HttpRequest, key: str, *, paused: bool) -> HttpResponse:
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    pause_sync(key, paused=paused)
    tell(request, _meaning(key, paused=paused))
    part = "" if request.POST.get("then") == "overview" else "configuration/"
    return HttpResponseRedirect(f"/syncs/{key}/{part}")


def _meaning(key: str, *, paused: bool) -> str:
    """What it means for what starts the sync."""
    opened = open_sync(key)
    timed = timing_of(opened.entry, datetime.now(UTC), count=1)
    if paused:
        left = f" What would start it is left: {'; '.join(timed.words)}." if timed.words else ""
        return f"{opened.name} is paused: nothing starts it by itself, and who runs it still does.{left}"
    if not timed.words:
        return f"{opened.name} is no longer paused. It has no triggers: it runs when somebody starts it."
    when = f" Due next: {timed.upcoming[0]}." if timed.upcoming else ""
    return f"{opened.name} is no longer paused. It starts {'; '.join(timed.words)}.{when}"


@takes(Deed.EDIT)
def copy(request: HttpRequest, key: str) -> Answer:
    """Where a second sync like this one should go; the editor opens with it, and nothing is saved yet."""
    opened = open_sync(key)
    if request.method == "POST":
        chosen = {name: request.POST.get(name, "") for name in ("name", "connection")}
        return HttpResponseRedirect(f"/syncs/new/?{urlencode({'copy': key, **chosen})}")
    return Page(
        template="web/editor/copy.html",
        title=f"Copy {opened.name}",
        data={
            "sync": {"key": key, "name": opened.name},
            "destinations": destinations_to_choose(),
            "connection": opened.entry["destination"]["connection"],
            "stream": opened.entry.get("unique_id") is not None,
        },
        trail=(("Syncs", "/syncs/"), (opened.name, f"/syncs/{key}/")),
    )


@takes(Deed.EDIT)
def delete(request: HttpRequest, key: str) -> Answer:
    """What is lost with the sync; deletes it when its name was typed."""
    opened = sync_head(key)
    typed = request.POST.get("name", "")
    if request.method == "POST" and typed == opened.name:
        delete_sync(key)
        tell(request, f"{opened.name} is deleted.")
        return HttpResponseRedirect("/syncs/")
    wrong = f"Type {opened.name} exactly as it stands here." if request.method == "POST" else ""
    return Page(
        template="web/editor/delete.html",
        title=f"Delete {opened.name}",
        data={"sync": {"key": key, "name": opened.name}, "loss": loss_of(key)},
        extra={"typed": typed, "wrong": wrong},
        trail=(("Syncs", "/syncs/"), (opened.name, f"/syncs/{key}/")),
        status=422 if wrong else 200,
    )


routes = [
    path("syncs/<slug:key>/pause/", pause, name="sync-pause"),
    path("syncs/<slug:key>/resume/", resume, name="sync-resume"),
    *twin("syncs/<slug:key>/copy/", copy, "sync-copy"),
    *twin("syncs/<slug:key>/delete/", delete, "sync-delete"),
]
