"""The form of a model: which rows, and what the columns are declared to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from django import forms

from headcount.project.keys import wrong_with
from headcount.project.model_entry import ColumnType
from headcount.service.entries import Refused
from headcount.service.models import ModelDraft

TYPE = "type."  # followed by the column's name
WORDS = {
    "table": "A table or view",
    "query": "SQL",
    "path": "A file, or several by a pattern",
}
EMPTY = {
    "table": "Name a table or view.",
    "query": "Write the SQL: one SELECT.",
    "path": "Name a file, or a pattern such as orders/*.parquet.",
}
TYPES = tuple(word for word in get_args(ColumnType) if word not in ("nested", "variant"))


class ModelForm(forms.Form):
    """``ways`` are those of the connection. What is typed for a way that is not chosen is kept and does not count."""

    name = forms.CharField(max_length=200, help_text="What people call it.")
    key = forms.CharField(
        required=False,
        max_length=100,
        help_text="What the project file and addresses call it; made from the name when empty. Fixed afterwards.",
    )
    way = forms.ChoiceField(label="Rows come from", widget=forms.RadioSelect)
    table = forms.CharField(
        required=False,
        label="Table or view",
        help_text='Also as schema.table. A part with a point in it stands in double quotes: "odd.name".',
        widget=forms.TextInput(attrs={"list": "relations", "autocomplete": "off", "spellcheck": "false"}),
    )
    query = forms.CharField(
        required=False,
        strip=False,
        label="SQL",
        help_text="One SELECT in the source's own SQL. It only reads.",
        widget=forms.Textarea(attrs={"rows": 10, "class": "code", "spellcheck": "false"}),
    )
    path = forms.CharField(
        required=False,
        label="File",
        help_text="A file in the connection's folders, or a pattern such as orders/*.parquet.",
        widget=forms.TextInput(attrs={"list": "relations", "autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(
        self,
        connection: str,
        ways: tuple[str, ...],
        data: Mapping[str, Any] | None = None,
        *,
        begun: ModelDraft | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self.connection, self.ways, self.begun = connection, ways, begun
        start = dict(initial or {})
        if begun is not None:
            start = {"name": begun.name, "table": begun.table, "query": begun.query, "path": begun.path}
        start["way"] = next((way for way in ways if start.get(way)), ways[0])
        super().__init__(data, initial=start, auto_id="%s")
        if begun is not None:
            del self.fields["key"]
        self.fields["way"].choices = [(way, WORDS[way]) for way in ways]  # type: ignore[attr-defined]
        for way in WORDS:
            if way not in ways:
                del self.fields[way]
            else:
                self.fields[way].unmarked = True  # type: ignore[attr-defined]  # required when it is chosen

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"].strip()
        if key and (found := wrong_with(key)):
            raise forms.ValidationError(" ".join(found))
        return key

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        way = typed.get("way")
        if way and not typed.get(way, "").strip():
            self.add_error(way, EMPTY[way])
        return typed

    def types(self) -> dict[str, str]:
        """What columns are declared to be."""
        if not self.is_bound:
            return dict(self.begun.types) if self.begun else {}
        given = (
            (name.removeprefix(TYPE), str(value))
            for name, value in self.data.items()
            if name.startswith(TYPE)
        )
        return {column: kind for column, kind in given if kind in TYPES}

    def draft(self, key: str, version: str) -> ModelDraft:
        """What the form says, as the service takes it."""
        way = self.cleaned_data["way"]
        rows = {way: self.cleaned_data[way].replace("\r\n", "\n").rstrip()}
        return ModelDraft(
            key=key,
            name=self.cleaned_data["name"].strip(),
            connection=self.connection,
            types=self.types(),
            version=version,
            **rows,
        )

    def tell(self, refused: Refused) -> None:
        """Put what the service found beside the fields."""
        for one in refused.found:
            place = one.field.split(".")[0] or None
            if place == "types" or place not in self.fields:
                place = None
            self.add_error(place, f"{one.wrong} {one.mend}".strip())

    def tell_source(self, words: str) -> None:
        """Put what the source said beside what it said it about."""
        self.add_error(self.cleaned_data.get("way") or None, words)
