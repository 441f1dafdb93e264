"""What an edit of a sync changes, in the words of its form."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from headcount.service.choices import (
    Choice,
    choices_of,
    destinations_to_choose,
    models_to_choose,
    objects_to_choose,
)
from headcount.service.difference import Edit
from headcount.service.timing import timing_of
from headcount.web.forms.options import EVENT_TYPES, FIRST_RUNS, STYLES, label_of
from headcount.web.forms.origin import KINDS
from headcount.web.forms.row import NULLS, Row, unpacked
from headcount.web.forms.sync_form import SyncForm

Entry = Mapping[str, Any]
Said = Iterator[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Change:
    """One line of a review. ``old`` and ``new`` are empty for what is not there."""

    what: str
    old: str
    new: str


def in_words(key: str, old: Entry | None, new: Entry, edits: Sequence[Edit]) -> tuple[Change, ...]:
    """What ``edits`` change that lead from the stored entry (None for a new sync) to another one. Of what no input
    shows the names are those of the project file.
    """
    before, after = dict(_said(key, old)) if old is not None else {}, dict(_said(key, new))
    whats = [what for what in dict.fromkeys([*after, *before]) if before.get(what) != after.get(what)]
    changes = [Change(what=what, old=before.get(what, ""), new=after.get(what, "")) for what in whats]
    changes += [_reordered(edit) for edit in edits if edit.path == _ORDER]
    return tuple(changes) or tuple(
        Change(what=edit.path, old=_plain(edit.old), new=_plain(edit.new)) for edit in edits
    )


_ORDER = "order of mappings"


def _reordered(edit: Edit) -> Change:
    return Change(what="Order of the rows", old=", ".join(edit.old), new=", ".join(edit.new))


def _said(key: str, entry: Entry) -> Said:
    """What stands in the form of an entry: label and words of each of its inputs."""
    form, choices = SyncForm.of_entry(key, entry), choices_of(entry["destination"]["object"])
    stream = bool(choices and choices.stream)
    yield "Name", form.name
    yield "Model", label_of(models_to_choose(), form.model)
    yield "Destination", label_of(destinations_to_choose(), form.connection)
    yield "Object", label_of(objects_to_choose(), form.object)
    yield "Behavior", label_of(choices.behaviors if choices else (), form.behavior)
    yield from _event(form) if stream else _record(form)
    for row in form.rows:
        yield f"{'Property' if stream else 'Field'} {row.to}", _mapping(row)
    named = label_of(STYLES, form.all_names)
    yield "Sync All Properties", f"on, fields are named {named}" if form.all_columns else "off"
    yield (
        "It runs",
        "; ".join(timing_of(entry, datetime.now(UTC), count=1).words) or "when somebody starts it",
    )
    yield from _advanced(form, choices.checks if choices else ())
    for name, value in unpacked(form.kept).items():
        yield name.replace("_", " ").capitalize(), _plain(value)


def _record(form: SyncForm) -> Said:
    known = f"column {form.identifier_from}, in Customer.io that is the {form.identifier_to}"
    yield "By what records are known", known
    yield "Send changed fields only", _yes(form.changed_fields_only)


def _event(form: SyncForm) -> Said:
    yield "Unique ID column", form.unique_id
    yield "The first run", label_of(FIRST_RUNS, form.first_run)
    yield "Event name", _origin(form.event_name_kind, form.event_name)
    yield "Type", label_of(EVENT_TYPES, form.event_type)
    yield "Person", f"column {form.person_from} is the person's {form.person_to}"
    timed = _origin(form.timestamp_kind, form.timestamp) if form.timestamp_kind else "the time of arrival"
    yield "Timestamp", timed


def _advanced(form: SyncForm, checks: Sequence[Choice]) -> Said:
    yield "Most records changed", f"{form.max_changed} %"
    yield "Most records removed", f"{form.max_removed} %"
    yield "From so many records on", form.minimum
    yield "Ask when a model that had rows has none", _yes(form.zero_rows)
    yield "Longest run", f"{form.timeout_minutes} minutes" if form.timeout_minutes else "any time"
    yield "Keep what is sent and answered", _yes(form.bodies)
    warned = [label_of(checks, name) for name in form.warn.split()]
    yield "Checks that only warn", "; ".join(warned) or "none"


def _mapping(row: Row) -> str:
    parts = [_origin(row.kind, row.text)]
    if row.type != "auto":
        parts.append(f"as {row.type}")
    if row.nulls != "unset":
        parts.append(f"when NULL {dict(NULLS).get(row.nulls, row.nulls)}")
    return ", ".join([*parts, *([row.kept] if row.kept else [])])


def _origin(kind: str, text: str) -> str:
    """``column plan``"""
    label = dict(KINDS).get(kind, kind)
    return f"{label[:1].lower()}{label[1:]} {text}".strip()


def _yes(ticked: bool) -> str:
    return "yes" if ticked else "no"


def _plain(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return _yes(value) if isinstance(value, bool) else json.dumps(value, ensure_ascii=False)
