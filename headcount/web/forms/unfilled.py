"""What a form lacks, told all at once: the checks of an entry stop at the first kind of mistake they find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from headcount.errors import ConfigurationError
from headcount.model import Column
from headcount.project.problems import did_you_mean
from headcount.templates import columns_used
from headcount.web.forms.sync_form import SyncForm, Wrong

_OF_STREAMS = {
    "unique_id": "Choose the column that makes a row unique for ever, such as an order number.",
    "first_run": "Choose what the first run does with the rows that are there already.",
    "event_name": "Say what the event is called, or which column says it.",
    "person_from": "Choose the column that says whose event it is.",
}
_OF_RECORDS = {"identifier_from": "Choose the column by which records are known."}


def unfilled(form: SyncForm, *, stream: bool) -> Wrong:
    """Inputs that must be filled, and are not."""
    words = _OF_STREAMS if stream else _OF_RECORDS
    return {name: [word] for name, word in words.items() if not getattr(form, name).strip()}


def unknown(form: SyncForm, columns: Iterable[Column], *, stream: bool) -> Wrong:
    """Inputs that name columns which the model does not have, and templates that cannot be."""
    known = {column.name: column for column in columns}
    named = {name: getattr(form, name) for name in (("unique_id", "person_from") if stream else _OF_RECORDS)}
    rows = {f"m-{n}-text": form.rows[n] for n in form.places}
    named |= {name: row.text for name, row in rows.items() if row.kind == "column"}
    strange = {
        name: [f"The model has no column {column}. {did_you_mean(column, list(known))}".strip()]
        for name, column in named.items()
        if column and column not in known
    }
    templates = {name: row.text for name, row in rows.items() if row.kind == "template"}
    if stream:
        kinds = {"event_name": form.event_name_kind, "timestamp": form.timestamp_kind}
        templates |= {name: getattr(form, name) for name, kind in kinds.items() if kind == "template"}
    wrong = ((name, _wrong_with(template, known)) for name, template in templates.items() if template)
    return {**strange, **{name: [words] for name, words in wrong if words}}


def _wrong_with(template: str, known: Mapping[str, Column]) -> str:
    try:
        columns_used(template, known)
    except ConfigurationError as error:
        return f"{error.message} {error.hint}".strip()
    return ""
