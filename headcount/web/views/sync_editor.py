"""New sync and Edit sync: one form, redrawn by its buttons until it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from headcount.errors import HeadcountError
from headcount.schedule import DAYS
from headcount.service.choices import destinations_to_choose, models_to_choose, objects_to_choose
from headcount.service.drafting import Resend, resend_of, starts_over
from headcount.service.drafts import start_draft
from headcount.service.editing import (
    Opened,
    copy_of,
    edits_of,
    open_sync,
    save_sync,
    sync_exists,
    version_of,
)
from headcount.service.entries import Stale
from headcount.service.roles import Deed
from headcount.service.suggestions import seen_fields
from headcount.service.sync_page import sync_head
from headcount.web.access import takes
from headcount.web.forms.editor import Editor, changed, checked, opened_editor, options, settled
from headcount.web.forms.focus import Focus, focus_after
from headcount.web.forms.origin import KINDS, METADATA
from headcount.web.forms.preview import previewed
from headcount.web.forms.row import NULLS, TYPES
from headcount.web.forms.sync_form import SyncForm
from headcount.web.page import Answer, Page, twin
from headcount.web.said import tell

_STYLES = options(
    ("match_source_names", "as the columns"),
    ("snake_case", "snake_case"),
    ("camel_case", "camelCase"),
    ("start_case", "Start Case"),
    ("lower_case", "lower case"),
    ("upper_case", "UPPER CASE"),
)
_ZONES = (
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
)  # some of those that may be typed
_WORDS = {
    "kinds": options(*KINDS),
    "types": options(*((name, name) for name in TYPES)),
    "nulls": options(*NULLS),
    "event_types": options(("event", "event"), ("page", "page view"), ("screen", "screen view")),
    "styles": _STYLES,
    "metadata": METADATA,
    "first_runs": options(
        ("backfill", "Backfill: send the rows that are there already"),
        ("record_as_seen", "Record as seen: remember them, and send only rows that come later"),
    ),
    "ways": options(
        ("", "when somebody starts it"),
        ("minutes", "every so many minutes"),
        ("hourly", "hourly"),
        ("daily", "daily"),
        ("weekly", "weekly"),
        ("cron", "by a cron expression"),
    ),
    "days": options(*((day, day.capitalize()) for day in (*DAYS[1:], DAYS[0]))),
    "zones": _ZONES,
}


@takes(Deed.EDIT)
def new(request: HttpRequest) -> Answer:
    """A sync that does not exist yet; ``?copy=KEY&connection=KEY`` begins with another one's entry."""
    if request.method == "POST":
        return _posted(request, None)
    editor = opened_editor(_first_form(request), None)
    return _shown(request, settled(editor, fresh=not request.GET.get("copy")))


@takes(Deed.LOOK, changing=Deed.EDIT)
def edit(request: HttpRequest, key: str) -> Answer:
    """The configuration of a sync, for those who may change it as a form that works."""
    if request.method == "POST" and not sync_exists(key):
        return _gone(request, key)
    opened = open_sync(key)
    if request.method == "POST":
        return _posted(request, opened)
    return _shown(request, opened_editor(SyncForm.of_entry(key, opened.entry), opened))


def _first_form(request: HttpRequest) -> SyncForm:
    given = request.GET
    if given.get("copy"):
        key, entry = copy_of(
            given["copy"], connection=given.get("connection", ""), name=given.get("name", "")
        )
        return SyncForm.of_entry(key, entry)
    return SyncForm(
        model=given.get("model", ""), connection=given.get("connection", ""), object=given.get("object", "")
    )


def _sent(request: HttpRequest, key: str | None = None) -> SyncForm:
    """The form as it was sent; a sync that is stored keeps its key."""
    several = {name: " ".join(request.POST.getlist(name)) for name in ("warn", "after")}
    form = SyncForm.of_data({**request.POST.dict(), **several})
    return form if key is None else replace(form, key=key)


def _gone(request: HttpRequest, key: str) -> Answer:
    """A sync that was deleted while somebody changed it: what they typed can become a new one."""
    words = f"The sync {key} was deleted meanwhile. What you typed is still here; saving it makes a new sync."
    tell(request, words, "attention")
    return _shown(request, opened_editor(_sent(request, key), None), status=409)


def _posted(request: HttpRequest, opened: Opened | None) -> Answer:
    form = _sent(request, opened.key if opened else None)
    verb, _, argument = request.POST.get("do", "").partition(":")
    editor = opened_editor(form, opened, seen=request.POST.getlist("seen"))
    editor = settled(editor, fresh="full" not in request.POST)
    editor = changed(editor, verb, argument)
    if verb == "refresh" and editor.choices is None:  # nothing to go on with
        return _shown(request, checked(editor), status=422)
    if verb == "seen":
        editor = _with_seen(request, editor)
    if verb in ("preview", "row"):
        editor = _with_preview(checked(editor, named=False), argument)
    if verb in ("review", "save", "save-and-plan"):
        return _finished(request, checked(editor), verb)
    return _shown(request, editor, focus=focus_after(verb, argument, len(editor.form.rows)))


def _with_seen(request: HttpRequest, editor: Editor) -> Editor:
    try:
        return replace(editor, seen=tuple(one.to for one in seen_fields(editor.form.connection)))
    except HeadcountError as error:
        tell(request, str(error), "attention")
        return editor


def _with_preview(editor: Editor, number: str) -> Editor:
    if editor.entry is None:
        return editor
    return replace(editor, preview=previewed(editor.key, editor.entry, number))


def _finished(request: HttpRequest, editor: Editor, verb: str) -> Answer:
    """Review, or save. An edit that makes Events start over is reviewed until somebody chose what that means."""
    if editor.entry is None:
        return _shown(request, editor, status=422)
    editor, undecided = _with_decision(request, editor)
    if verb == "review" or undecided:
        return _review(request, editor, undecided=undecided)
    assert editor.entry is not None
    try:
        save_sync(editor.key, editor.entry, version=request.POST.get("base", ""))
    except Stale as error:
        return _shown(request, editor, conflict=str(error), status=409)
    except HeadcountError as error:  # what was typed must not be lost to a store that is busy
        return _shown(request, replace(editor, wrong={"": [str(error)]}), status=503)
    return _saved(request, editor, plan=verb == "save-and-plan")


def _with_decision(request: HttpRequest, editor: Editor) -> tuple[Editor, bool]:
    """For Events that would be known by another id: what becomes of the rows that are there, as somebody chose."""
    if editor.new or editor.entry is None or not (editor.choices and editor.choices.stream):
        return editor, False
    if not starts_over(editor.key, editor.entry):
        return editor, False
    chosen = request.POST.get("generation", "")
    if chosen not in ("backfill", "record_as_seen"):
        return editor, True
    return checked(replace(editor, form=replace(editor.form, first_run=chosen))), False


def _saved(request: HttpRequest, editor: Editor, *, plan: bool) -> HttpResponse:
    tell(request, f"{editor.form.name} is saved.")
    for caution in editor.cautions:
        tell(request, caution, "attention")
    if not plan:
        return redirect("sync", key=editor.key)
    return redirect("sync-draft", key=editor.key, draft=start_draft(editor.key, anew=True).id)


def _shown(
    request: HttpRequest,
    editor: Editor,
    *,
    conflict: str = "",
    focus: Focus | None = None,
    status: int = 200,
) -> Page:
    opened = editor.opened
    extra: dict[str, Any] = {
        "tab": "configuration",
        "editor": editor,
        "address": _address(editor),
        "form": editor.form,
        "wrong": editor.wrong,
        "words": _WORDS,
        "conflict": conflict,
        "edits": edits_of(editor.key, editor.entry) if conflict and editor.entry else (),
        "focus": focus,
        "base": _base(request, opened, conflict=bool(conflict)),
    }
    return Page(
        template="web/editor/editor.html",
        title="New sync" if opened is None else opened.name,
        data=_data(editor),
        extra=extra,
        trail=_trail(opened),
        status=status,
    )


def _address(editor: Editor) -> str:
    """Where the form is sent to."""
    return f"/syncs/{editor.opened.key}/configuration/" if editor.opened else "/syncs/new/"


def _base(request: HttpRequest, opened: Opened | None, *, conflict: bool) -> str:
    """The version that the form began with; after a conflict the one whose differences are shown."""
    if opened is None:
        return ""
    return opened.version if conflict else request.POST.get("base", opened.version)


def _data(editor: Editor) -> Mapping[str, Any]:
    data: dict[str, Any] = {
        "models": models_to_choose(),
        "destinations": destinations_to_choose(),
        "objects": objects_to_choose(),
        "columns": [{"name": c.name, "kind": c.kind.value} for c in editor.columns or ()],
    }
    if editor.opened is not None:
        data["sync"] = sync_head(editor.opened.key)
        data["configuration"] = {
            "key": editor.opened.key,
            "name": editor.opened.name,
            "paused": editor.opened.paused,
            "version": version_of(editor.opened.entry),
            "entry": editor.opened.entry,
        }
    return data


def _trail(opened: Opened | None) -> tuple[tuple[str, str], ...]:
    above = (("Syncs", "/syncs/"),)
    return above if opened is None else (*above, (opened.name, f"/syncs/{opened.key}/"))


def _review(request: HttpRequest, editor: Editor, *, undecided: bool) -> Page:
    assert editor.entry is not None
    key = editor.key
    resend, trouble = (None, "") if undecided or editor.new else _resend(key, editor.entry)
    extra = {
        "editor": editor,
        "address": _address(editor),
        "pairs": list(editor.form.pairs()),
        "base": request.POST.get("base", ""),
        "undecided": undecided,
        "generation": "" if undecided else request.POST.get("generation", ""),
        "resend": resend,
        "resend_trouble": trouble,
        "first_runs": _WORDS["first_runs"],
    }
    return Page(
        template="web/editor/review.html",
        title=f"Review: {editor.form.name}",
        data={"edits": edits_of(key, editor.entry), "cautions": editor.cautions},
        extra=extra,
        trail=_trail(editor.opened),
    )


def _resend(key: str, entry: Mapping[str, Any]) -> tuple[Resend | None, str]:
    try:
        return resend_of(key, entry), ""
    except HeadcountError as error:
        return None, str(error)


routes = [
    *twin("syncs/new/", new, "sync-new"),
    *twin("syncs/<slug:key>/configuration/", edit, "sync-edit"),
]
