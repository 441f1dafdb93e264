"""The editor of one sync as its page shows it: the form, what can be chosen, what is wrong, what stands beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from headcount.errors import HeadcountError
from headcount.model import Column, NameStyle
from headcount.names import styled
from headcount.service.choices import Choice, ObjectChoices, choices_of, syncs_to_choose
from headcount.service.drafting import columns_of
from headcount.service.editing import Checked, Opened, check_sync, free_key, is_stored
from headcount.service.sent_fields import sent_of
from headcount.service.suggestions import Suggestion, declared_fields
from headcount.service.timing import Timing, timing_of
from headcount.web.forms import row as rows_
from headcount.web.forms.begun import Begun
from headcount.web.forms.origin import needs_lines
from headcount.web.forms.places import placed
from headcount.web.forms.preview import Preview
from headcount.web.forms.row import Row
from headcount.web.forms.sync_form import SyncForm, Wrong
from headcount.web.forms.unfilled import unfilled, unknown

_FIRST = {"key", "name", "model", "connection", "object"}
_STREAM = {
    "unique_id",
    "first_run",
    "event_type",
    "event_name_kind",
    "event_name",
    "person_from",
    "person_to",
}
_STREAM |= {"timestamp_kind", "timestamp"}
_RECORD = {"identifier_from", "identifier_to", "changed_fields_only"}


@dataclass(frozen=True, kw_only=True)
class RowView:
    """One row of the mapping editor with everything the template says about it."""

    number: int
    row: Row
    note: str
    lines: bool  # wants an input of several lines
    wrong: dict[str, list[str]]


@dataclass(frozen=True, kw_only=True)
class Editor:
    """Frozen like everything else; each deed makes a new one. ``columns`` is None when the source cannot be asked."""

    form: SyncForm
    opened: Opened | None = None
    begun: Begun | None = None  # of a new sync
    columns: tuple[Column, ...] | None = None
    trouble: str = ""  # why the columns are not known
    wrong: Wrong = field(default_factory=dict)
    cautions: tuple[str, ...] = ()
    preview: Preview | None = None
    seen: tuple[str, ...] = ()  # attributes seen in the workspace
    key: str = ""  # of the sync, made from its name when nobody typed one; known once the form was checked
    entry: dict[str, Any] | None = None  # what the form means, once it was checked and found right

    @property
    def new(self) -> bool:
        return self.opened is None

    @property
    def choices(self) -> ObjectChoices | None:
        """What is to be chosen, once model, connection and object are."""
        form = self.form
        return choices_of(form.object) if form.model and form.connection else None

    @property
    def rows(self) -> list[RowView]:
        """In the order of the entry."""
        return [self._row(number, row) for number, row in enumerate(self.form.rows)]

    def _row(self, number: int, row: Row) -> RowView:
        parts = ("text", "to", "type", "nulls")
        return RowView(
            number=number,
            row=row,
            note="suggested"
            if any(one.to == row.to for one in self._declared)
            else "custom"
            if row.to
            else "",
            lines=needs_lines(row.kind, row.text),
            wrong={part: self.wrong.get(f"m-{number}-{part}", []) for part in parts},
        )

    @property
    def _declared(self) -> tuple[Suggestion, ...]:
        return declared_fields(self.form.object, self.form.identifier_to) if self.choices else ()

    @property
    def suggestions(self) -> list[Suggestion]:
        """Fields with a meaning, then those seen in the workspace, that no row fills."""
        taken = {row.to for row in self.form.rows} | {self.form.identifier_to, "cio_id"}
        declared = {one.to for one in self._declared}
        seen = [Suggestion(to=name, type="auto", why="seen in the workspace") for name in self.seen]
        offered = [*self._declared, *(one for one in seen if one.to not in declared)]
        return [one for one in offered if one.to not in taken][:40]

    @cached_property
    def removed(self) -> list[str]:
        """Fields that the stored sync sent and the form does not fill: their values stay in the destination."""
        if self.opened is None or (self.choices and self.choices.stream):
            return []
        left = {row.to for row in self.form.rows}
        written = [one for one in self.opened.entry.get("mappings", []) if one["from"] != {"constant": None}]
        return sent_of(self.opened.key, [one["to"] for one in written if one["to"] not in left])

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """Inputs that this step does not show; they travel along, so that nothing typed is lost."""
        if self.choices is None:
            return [pair for pair in self.form.pairs() if pair[0] not in _FIRST]
        unseen = _RECORD if self.choices.stream else _STREAM
        return [
            pair for pair in self.form.pairs() if pair[0] in unseen | {"kept"} or pair[0].endswith("-kept")
        ]

    @property
    def warned(self) -> list[str]:
        return self.form.warn.split()

    @property
    def followed(self) -> list[str]:
        """Keys of the syncs it runs after."""
        return self.form.after.split()

    @property
    def parents(self) -> list[Choice]:
        """The syncs it may run after; those of the stored entry first and in its order."""
        stored = self.opened.entry.get("triggers", {}).get("after", []) if self.opened else []
        places = {key: place for place, key in enumerate(stored)}
        return sorted(syncs_to_choose(but=self.form.key), key=lambda one: places.get(one.value, len(places)))

    @property
    def timing(self) -> Timing | None:
        """What starts it and when next, once the form was checked and found right."""
        return timing_of(self.entry, datetime.now(UTC)) if self.entry is not None else None


def opened_editor(
    form: SyncForm, opened: Opened | None, *, seen: Sequence[str] = (), begun: Begun | None = None
) -> Editor:
    """The editor over a form, with the columns its model has now. A new sync that says nothing else is begun now."""
    if opened is None and begun is None:
        begun = Begun.now()
    editor = Editor(form=form, opened=opened, seen=tuple(seen), begun=begun)
    if not form.model:
        return editor
    try:
        return replace(editor, columns=columns_of(form.model))
    except HeadcountError as error:
        return replace(editor, trouble=str(error))


def settled(editor: Editor, *, fresh: bool) -> Editor:
    """The form with what its object leaves no choice about; ``fresh``: its first sight, so some rows are proposed."""
    choices, form = editor.choices, editor.form
    if choices is None:
        return editor
    if form.behavior not in [choice.value for choice in choices.behaviors]:
        form = replace(form, behavior=choices.behaviors[0].value)
    if not choices.stream and form.identifier_to not in [one.value for one in choices.identifiers]:
        form = replace(form, identifier_to=choices.identifiers[0].value)
    editor = replace(editor, form=form)
    return _proposed(editor, choices) if fresh and not form.rows else editor


def _proposed(editor: Editor, choices: ObjectChoices) -> Editor:
    """The identifier and the fields with a meaning, where the model has columns called so."""
    form, names = editor.form, [column.name for column in editor.columns or ()]
    if not choices.stream and not form.identifier_from and form.identifier_to in names:
        form = replace(form, identifier_from=form.identifier_to)
    fitting = [one.to for one in declared_fields(form.object, form.identifier_to) if one.to in names]
    return replace(editor, form=form.with_rows(tuple(Row(text=name, to=name) for name in fitting)))


def changed(editor: Editor, verb: str, argument: str) -> Editor:
    """The editor after one of its buttons."""
    deed = _DEEDS.get(verb)
    return replace(editor, form=deed(editor, argument)) if deed else editor


def _number(argument: str) -> int:
    return int(argument) if argument.isdecimal() and len(argument) < 5 else rows_.MOST


def _map_all(editor: Editor, _: str) -> SyncForm:
    form = editor.form
    style = (
        NameStyle(form.all_names)
        if form.all_names in [s.value for s in NameStyle]
        else NameStyle.MATCH_SOURCE
    )
    names = {column.name: styled(column.name, style) for column in editor.columns or ()}
    stream = bool(editor.choices and editor.choices.stream)
    return form.with_rows(rows_.with_all(form.rows, names, form.read_besides(stream=stream)))


_DEEDS: dict[str, Callable[[Editor, str], SyncForm]] = {
    "add": lambda e, _: e.form.with_rows((*e.form.rows, Row())),
    "custom": lambda e, _: e.form.with_rows((*e.form.rows, Row())),
    "remove": lambda e, a: e.form.with_rows(rows_.without(e.form.rows, _number(a))),
    "up": lambda e, a: e.form.with_rows(rows_.moved(e.form.rows, _number(a), -1)),
    "down": lambda e, a: e.form.with_rows(rows_.moved(e.form.rows, _number(a), 1)),
    "suggest": lambda e, a: e.form.with_rows(
        rows_.suggested(e.form.rows, a, [column.name for column in e.columns or ()])
    ),
    "unset": lambda e, a: e.form.with_rows(rows_.unset(e.form.rows, a)),
    "map-all": _map_all,
}


def checked(editor: Editor, *, named: bool = True) -> Editor:
    """The editor with every mistake beside its input, or with the entry that the form means.

    A key that was left empty is made from the name. Without ``named`` neither is missed: a preview needs no name.
    """
    choices, form = editor.choices, editor.form
    if choices is None:
        return replace(editor, wrong=_unchosen(form))
    newest = editor.begun.newest if editor.begun and named else None
    key = form.key or (free_key(form.name, newest=newest) if form.name.strip() or not named else "")
    entry, unreadable = form.entry(stream=choices.stream)
    found: Checked = check_sync(key, entry, new=editor.new, columns=editor.columns)
    wrong = {**placed(found.problems, form.places), **unreadable}
    if "key" in wrong and key and not form.key:
        wrong["key"] = [_MADE_SINCE.format(key=key)]
    if wrong:
        strange = unknown(form, editor.columns, stream=choices.stream) if editor.columns is not None else {}
        wrong = {**strange, **wrong, **unfilled(form, stream=choices.stream)}
    if named and not form.name.strip():
        wrong["name"] = ["Give the sync a name."]
        if not form.key:
            wrong.pop("key", None)
    order = [name for name, _ in form.pairs()]
    wrong = dict(sorted(wrong.items(), key=lambda item: order.index(item[0]) if item[0] in order else -1))
    made = None if wrong else found.entry
    return replace(editor, key=key, wrong=wrong, cautions=found.cautions, entry=made)


_MADE_SINCE = (
    "A sync {key} was made since this form was begun. Change that one, or choose another key for this one."
)


def made_already(editor: Editor) -> bool:
    """Is a new sync, once it was checked, stored already as it stands here? Then it was saved before."""
    if not editor.new or editor.choices is None or set(editor.wrong) != {"key"}:
        return False
    entry, _ = editor.form.entry(stream=editor.choices.stream)
    return is_stored(editor.key, entry)


def _unchosen(form: SyncForm) -> Wrong:
    words = {"model": "Choose a model.", "connection": "Choose a destination.", "object": "Choose an object."}
    chosen = {"model": form.model, "connection": form.connection, "object": choices_of(form.object)}
    return {name: [word] for name, word in words.items() if not chosen[name]}
