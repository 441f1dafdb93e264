"""The form of a connection, made from the fields its type declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.forms import BoundField

from headcount.engines import Field
from headcount.project.connection_entry import BudgetEntry
from headcount.project.keys import wrong_with
from headcount.project.kinds import BUDGET, ConnectionKind
from headcount.project.references import STORED, is_reference
from headcount.service.connection_draft import Draft
from headcount.service.entries import Refused

REFERENCES = "Stored encrypted. env:NAME or file:PATH takes it from there instead."
DROP = "drop."


class ConnectionForm(forms.Form):
    """``settings`` is what is stored, ``typed`` the secrets of this form that were typed before, by field."""

    name = forms.CharField(max_length=200, help_text="What people call it.")
    key = forms.CharField(
        required=False,
        max_length=100,
        help_text="What the project file and addresses call it; made from the name when empty. Fixed afterwards.",
    )

    def __init__(
        self,
        kind: ConnectionKind,
        data: Mapping[str, Any] | None = None,
        *,
        name: str = "",
        settings: Mapping[str, Any] | None = None,
        typed: Mapping[str, str] | None = None,
        is_new: bool = True,
    ) -> None:
        self.kind, self.settings = kind, dict(settings or {})
        self.typed = dict(typed or {})
        super().__init__(data, initial={"name": name, **self._initial()}, auto_id="%s")
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        if kind.role == "destination":
            self.fields[
                "name"
            ].help_text = "One connection for each workspace; put the workspace's name here."
        if not is_new:
            del self.fields["key"]
        for declared in kind.fields:
            self.fields[declared.name] = self._field(declared)
            if declared.secret and not declared.required and self.settings.get(declared.name):
                self.fields[DROP + declared.name] = forms.BooleanField(
                    required=False, label=f"Remove the {declared.label}"
                )
        if kind.role == "destination":
            self.fields.update(_budget_fields())

    def _initial(self) -> dict[str, Any]:
        initial = {}
        for declared in self.kind.fields:
            value = self.settings.get(declared.name, declared.default)
            if not declared.secret:
                initial[declared.name] = "\n".join(value) if isinstance(value, list) else value
        budget = self.settings.get(BUDGET) or {}
        return {**initial, **{_budget_name(name): value for name, value in budget.items()}}

    def _field(self, declared: Field) -> forms.Field:
        """What is missing is told by the service, beside the field; here it is only marked as optional or not."""
        common: dict[str, Any] = {"required": False, "label": declared.label, "help_text": declared.help}
        field = self._secret(declared, common) if declared.secret else self._plain(declared, common)
        field.unmarked = declared.required or bool(declared.default)  # type: ignore[attr-defined]
        return field

    def _plain(self, declared: Field, common: dict[str, Any]) -> forms.Field:
        if declared.choices:
            options = [(word, word) for word in declared.choices]
            empty = [] if declared.default else [("", "Find out")]
            return forms.ChoiceField(choices=[*empty, *options], **common)
        if isinstance(declared.default, list):
            widget = forms.Textarea(attrs={"rows": 3, "class": "code"})
            return forms.CharField(
                widget=widget, **{**common, "help_text": f"One in each line. {declared.help}"}
            )
        attrs = {"autocomplete": "off", "spellcheck": "false"}
        return forms.CharField(widget=forms.TextInput(attrs=attrs), **common)

    def _secret(self, declared: Field, common: dict[str, Any]) -> forms.Field:
        now = self.settings.get(declared.name)
        placeholder = ""
        if declared.name in self.typed:
            placeholder = "typed before; leave empty to keep"
        elif now:
            placeholder = "stored; leave empty to keep" if now == STORED else f"{now}; leave empty to keep"
        attrs = {"autocomplete": "new-password", "placeholder": placeholder, "spellcheck": "false"}
        help_text = f"{declared.help} {REFERENCES}".strip()
        return forms.CharField(
            widget=forms.PasswordInput(attrs=attrs, render_value=False), **{**common, "help_text": help_text}
        )

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"].strip()
        if key and (found := wrong_with(key)):
            raise forms.ValidationError(" ".join(found))
        return key

    # What was typed.

    def new_secrets(self) -> dict[str, str]:
        """Values that were typed this time."""
        given = {name: self.cleaned_data.get(name, "").strip() for name in self.kind.secrets}
        return {name: value for name, value in given.items() if value and not _is_place(value)}

    def dropped(self) -> frozenset[str]:
        """Secrets that are to be removed, or are given by a reference now."""
        boxes = [name for name in self.kind.secrets if self.cleaned_data.get(DROP + name)]
        places = [name for name in self.kind.secrets if _is_place(self.cleaned_data.get(name, "").strip())]
        return frozenset([*boxes, *places])

    def draft(self, key: str, version: str, typed: Mapping[str, str]) -> Draft:
        """What the form says, as the service takes it."""
        return Draft(
            key=key,
            name=self.cleaned_data["name"].strip(),
            kind=self.kind,
            settings=dict(self._settings()),
            secrets=typed,
            dropped=frozenset(name for name in self.kind.secrets if self.cleaned_data.get(DROP + name)),
            version=version,
        )

    def _settings(self) -> Iterator[tuple[str, Any]]:
        for declared in self.kind.fields:
            text: str = self.cleaned_data.get(declared.name, "").strip()
            if text and (not declared.secret or _is_place(text)):
                yield declared.name, _value(declared, text)
        budget = {
            name: value
            for name in BudgetEntry.model_fields
            if (value := self.cleaned_data.get(_budget_name(name))) is not None
        }
        if budget:
            yield BUDGET, budget

    def tell(self, refused: Refused) -> None:
        """Put what the service found beside the fields."""
        for one in refused.found:
            name = one.field.replace(".", "_")
            self.add_error(name if name in self.fields else None, f"{one.wrong} {one.mend}".strip())

    # For the template.

    def main(self) -> list[BoundField]:
        """The fields that are always in sight."""
        folded = {field.name for field in self.more()}
        return [self[name] for name in self.fields if name not in folded]

    def more(self) -> list[BoundField]:
        """The fields that are folded away."""
        names = [declared.name for declared in self.kind.fields if declared.advanced]
        names += [DROP + name for name in names if DROP + name in self.fields]
        return [self[name] for name in (*names, *(n for n in self.fields if n.startswith(f"{BUDGET}_")))]

    def more_is_open(self) -> bool:
        """Is anything wrong or set among them?"""
        return any(field.errors or field.value() for field in self.more())


def _is_place(text: str) -> bool:
    """A reference to a secret that is kept elsewhere. ``stored`` alone could be a password."""
    return text != STORED and is_reference(text)


def _value(declared: Field, text: str) -> Any:
    if isinstance(declared.default, list):
        return [line.strip() for line in text.splitlines() if line.strip()]
    return int(text) if isinstance(declared.default, int) and text.isdecimal() else text


def _budget_name(name: str) -> str:
    return f"{BUDGET}_{name}"


def _budget_fields() -> Iterator[tuple[str, forms.Field]]:
    for name, info in BudgetEntry.model_fields.items():
        kind = forms.FloatField if info.annotation is float else forms.IntegerField
        field = kind(
            required=False,
            label=f"Budget: {name.replace('_', ' ')}",
            help_text=info.description or "",
            widget=forms.NumberInput(attrs={"placeholder": f"{info.default:g}", "step": "any"}),
        )
        yield _budget_name(name), field
