"""New sync and Edit sync: one form, redrawn by its buttons until it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect

from headcount.errors import HeadcountError
from headcount.service.choices import destinations_to_choose, models_to_choose, objects_to_choose
from headcount.service.counted import resend_at
from headcount.service.difference import Edit
from headcount.service.drafting import starts_over
from headcount.service.drafts import start_draft
from headcount.service.editing import (
    Opened,
    copy_of,
    edits_of,
    is_stored,
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
from headcount.web.forms.begun import Begun
from headcount.web.forms.editor import (
    Editor,
    changed,
    checked,
    made_already,
    opened_editor,
    settled,
)
from headcount.web.forms.focus import Focus, focus_after
from headcount.web.forms.in_words import Change, in_words
from headcount.web.forms.options import FIRST_RUNS, OFFERED
from headcount.web.forms.preview import previewed
from headcount.web.forms.sync_form import SyncForm
from headcount.web.page import Answer, Page, twin
from headcount.web.said import tell
from headcount.web.steps import forget, only_pressed, sent, shown, step

_SAVE = ("save", "save-and-plan")  # is done at once; every other button makes a step, which has an address


@takes(Deed.EDIT)
def new(request: HttpRequest) -> Answer:
    """A sync that does not exist yet; ``?copy=KEY&connection=KEY`` begins with another one's entry."""
    if (led := _led_to(request)) is not None:
        return led
    if (form := sent(request)) is not None:
        return _sent(request, None, form)
    editor = opened_editor(_first_form(request), None)
    return _shown(settled(editor, fresh=not request.GET.get("copy")))


@takes(Deed.LOOK, changing=Deed.EDIT)
def edit(request: HttpRequest, key: str) -> Answer:
    """The configuration of a sync, for those who may change it as a form that works."""
    if (led := _led_to(request)) is not None:
        return led
    form = sent(request)
    if form is not None and not sync_exists(key):
        return _gone(request, key, form)
    opened = open_sync(key)
    if form is not None:
        return _sent(request, opened, form)
    return _shown(opened_editor(SyncForm.of_entry(key, opened.entry), opened))


def _led_to(request: HttpRequest) -> HttpResponse | None:
    """The way to the step that a button makes: its page asks the source, and nothing else has to. None for saving, for
    parts of pages, and for a form that is too large to be kept.
    """
    do = request.POST.get("do", "")
    return _step(request, request.POST, do) if only_pressed(request) and do not in _SAVE else None


def _step(request: HttpRequest, data: QueryDict, do: str) -> HttpResponse | None:
    begun = Begun.of(data.get("begun", ""))
    return step(request, do, trail=begun.trail if begun else "")


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


def _typed(data: QueryDict, key: str | None = None) -> SyncForm:
    """The form as it was sent; a sync that is stored keeps its key."""
    several = {name: " ".join(data.getlist(name)) for name in ("warn", "after")}
    form = SyncForm.of_data({**{name: str(value) for name, value in data.items()}, **several})
    return form if key is None else replace(form, key=key)


def _gone(request: HttpRequest, key: str, data: QueryDict) -> Answer:
    """A sync that was deleted while somebody changed it: what they typed can become a new one."""
    words = f"The sync {key} was deleted meanwhile. What you typed is still here; saving it makes a new sync."
    tell(request, words, "attention")
    return _shown(opened_editor(_typed(data, key), None), data, status=409)


def _sent(request: HttpRequest, opened: Opened | None, data: QueryDict) -> Answer:
    """What a button makes of the form."""
    do = data.get("do", "")
    form, begun = (
        _typed(data, opened.key if opened else None),
        None if opened else Begun.of(data.get("begun", "")),
    )
    editor = opened_editor(form, opened, seen=data.getlist("seen"), begun=begun)
    editor = settled(editor, fresh="full" not in data)
    if request.method == "POST" and do in _SAVE:
        return _finished(request, checked(editor), data, plan=do == "save-and-plan")
    return _redrawn(request, editor, data, do)


def _stepped(request: HttpRequest, editor: Editor, data: QueryDict, do: str) -> Answer:
    """A step of its own; of a form that is too large to be kept, its page at once."""
    return _step(request, data, do) or _redrawn(request, editor, data, do)


def _redrawn(request: HttpRequest, editor: Editor, data: QueryDict, do: str) -> Answer:
    verb, _, argument = do.partition(":")
    editor = changed(editor, verb, argument)
    if verb in ("check", "review") or (verb == "refresh" and editor.choices is None):  # nothing to go on with
        editor = checked(editor)
    if verb == "review" and editor.entry is not None:
        return _review(request, editor, data)
    if verb == "seen":
        editor = _with_seen(request, editor)
    if verb in ("preview", "row"):
        editor = _with_preview(checked(editor, named=False), argument)
    refused = bool(editor.wrong) and verb in ("check", "review", "refresh")
    focus = focus_after(verb, argument, len(editor.form.rows))
    return _shown(editor, data, focus=focus, status=422 if refused else 200)


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


def _finished(request: HttpRequest, editor: Editor, data: QueryDict, *, plan: bool) -> Answer:
    """Save. An edit that makes Events start over is reviewed until somebody chose what that means.

    What is stored already is not saved again: somebody pressed twice, or came back and pressed once more.
    """
    if made_already(editor):
        return _saved(request, editor, plan=plan)
    if editor.entry is None:
        return _stepped(request, editor, data, "check")
    editor, undecided = _with_decision(editor, data)
    if undecided:
        return _stepped(request, editor, data, "review")
    assert editor.entry is not None
    try:
        save_sync(editor.key, editor.entry, version=data.get("base", ""))
    except HeadcountError as error:
        return (
            _saved(request, editor, plan=plan)
            if _is_there(editor)
            else _unsaved(request, editor, data, error)
        )
    return _saved(request, editor, plan=plan)


def _unsaved(request: HttpRequest, editor: Editor, data: QueryDict, error: HeadcountError) -> Answer:
    """What was typed must not be lost to somebody who was quicker, or to a store that is busy."""
    if not isinstance(error, Stale):
        return _shown(replace(editor, wrong={"": [str(error)]}), data, status=503)
    if editor.new:
        return _stepped(request, editor, data, "check")
    return _shown(editor, data, conflict=str(error), status=409)


def _is_there(editor: Editor) -> bool:
    """Did another request save the same at this very moment?"""
    try:
        return editor.entry is not None and is_stored(editor.key, editor.entry)
    except HeadcountError:
        return False


def _with_decision(editor: Editor, data: QueryDict) -> tuple[Editor, bool]:
    """For Events that would be known by another id: what becomes of the rows that are there, as somebody chose."""
    if editor.new or editor.entry is None or not (editor.choices and editor.choices.stream):
        return editor, False
    if not starts_over(editor.key, editor.entry):
        return editor, False
    chosen = data.get("generation", "")
    if chosen not in ("backfill", "record_as_seen"):
        return editor, True
    return checked(replace(editor, form=replace(editor.form, first_run=chosen))), False


def _saved(request: HttpRequest, editor: Editor, *, plan: bool) -> HttpResponse:
    if editor.begun is not None:
        forget(request, editor.begun.trail)
    tell(request, f"{editor.form.name} is saved.")
    for caution in editor.cautions:
        tell(request, caution, "attention")
    if not plan:
        return redirect("sync", key=editor.key)
    return _planned(request, editor.key)


def _planned(request: HttpRequest, key: str) -> HttpResponse:
    """The sync is saved, whatever becomes of the plan."""
    try:
        draft = start_draft(key, anew=True)
    except HeadcountError as error:
        tell(request, f"The plan was not begun. {error.message} {error.hint}".strip(), "failed")
        return redirect("sync-plan", key=key)
    return redirect("sync-draft", key=key, draft=draft.id)


def _shown(
    editor: Editor,
    data: QueryDict | None = None,
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
        "words": OFFERED,
        "conflict": conflict,
        "changes": _in_words(editor, edits_of(editor.key, editor.entry)) if conflict and editor.entry else (),
        "focus": focus,
        "base": _base(opened, data, conflict=bool(conflict)),
        "first": _first(opened, data),
        "unsaved": data is not None,
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


def _base(opened: Opened | None, data: QueryDict | None, *, conflict: bool) -> str:
    """The version that the form began with; after a conflict the one whose differences are shown."""
    if opened is None:
        return ""
    return opened.version if conflict or data is None else data.get("base", opened.version)


def _first(opened: Opened | None, data: QueryDict | None) -> str:
    """The version that was stored when somebody opened the form; it stays, whatever was shown to them since."""
    if opened is None:
        return ""
    return (data.get("first") or data.get("base") or opened.version) if data is not None else opened.version


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


def _in_words(editor: Editor, edits: tuple[Edit, ...]) -> tuple[Change, ...]:
    stored = editor.opened.entry if editor.opened else None
    return in_words(editor.key, stored, editor.entry or {}, edits) if edits else ()


def _trail(opened: Opened | None) -> tuple[tuple[str, str], ...]:
    above = (("Syncs", "/syncs/"),)
    return above if opened is None else (*above, (opened.name, f"/syncs/{opened.key}/"))


def _review(request: HttpRequest, editor: Editor, data: QueryDict) -> Page:
    """Every difference to what is stored now, which may be another version than the one that the form began with."""
    editor, undecided = _with_decision(editor, data)
    assert editor.entry is not None
    key, opened = editor.key, editor.opened
    edits, first = edits_of(key, editor.entry), _first(opened, data)
    counted = None if undecided or editor.new else resend_at(*shown(request), key, editor.entry)
    extra = {
        "editor": editor,
        "changes": _in_words(editor, edits),
        "address": _address(editor),
        "pairs": list(editor.form.pairs()),
        "base": opened.version if opened else "",
        "first": first,
        "stale": opened is not None and bool(edits) and first != opened.version,
        "undecided": undecided,
        "generation": "" if undecided else data.get("generation", ""),
        "counted": counted,
        "first_runs": FIRST_RUNS,
    }
    return Page(
        template="web/editor/review.html",
        title=f"Review: {editor.form.name}",
        data={"edits": edits, "cautions": editor.cautions},
        extra=extra,
        trail=_trail(editor.opened),
    )


routes = [
    *twin("syncs/new/", new, "sync-new"),
    *twin("syncs/<slug:key>/configuration/", edit, "sync-edit"),
]
