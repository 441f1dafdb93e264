"""Forms about alerts and webhooks. What is typed as an address is never shown again: it holds passwords."""

from __future__ import annotations

from typing import Any

from django import forms

from headcount.control.alerts.rule import BY_SHARE, BY_TIME, NUMBERS
from headcount.control.outbox import EVENTS
from headcount.service.alerts import MEANINGS, Wish
from headcount.service.outlets import OutletInfo, UnusableAddress
from headcount.web.forms.told import ToldForm

_WITH_THRESHOLD = [kind.value for kind in (*BY_SHARE, *BY_TIME)]
NAME_HELP = "What it is called here."


class SecretInput(forms.TextInput):
    """Readable while one types, and empty when the page is shown again."""

    def format_value(self, value: Any) -> None:
        return None


def _address(help_text: str) -> forms.CharField:
    widget = SecretInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"})
    return forms.CharField(label="Address", max_length=4000, widget=widget, help_text=help_text)


class ChannelForm(ToldForm):
    """A new channel."""

    beside = {UnusableAddress: "url"}  # noqa: RUF012

    name = forms.CharField(label="Name", max_length=200, help_text=NAME_HELP)
    url = _address(
        "As apprise writes it: slack://TokenA/TokenB/TokenC/#channel, mailtos://user:password@example.com, "
        "pagerduty://IntegrationKey@ApiKey, jsons://example.com/path. It is kept encrypted and not shown again."
    )


class WebhookForm(ToldForm):
    """A new webhook."""

    beside = {UnusableAddress: "url"}  # noqa: RUF012

    name = forms.CharField(label="Name", max_length=200, help_text=NAME_HELP)
    url = _address("It begins with https:// or http://. It is kept encrypted; only its host is shown.")
    events = forms.MultipleChoiceField(
        label="Events",
        choices=[(event, event) for event in EVENTS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: all of them.",
    )


class RuleForm(ToldForm):
    """An alert rule, new or changed."""

    kind = forms.ChoiceField(
        label="Tell when", choices=[(kind.value, words) for kind, words in MEANINGS.items()]
    )
    sync = forms.ChoiceField(
        label="Sync",
        required=False,
        help_text="A sync's own rules of a kind, also those that are off, take the place of the general ones.",
    )
    threshold = forms.FloatField(
        label="Threshold",
        initial=75,
        min_value=0,
        required=False,
        help_text="Percent for a share and for an unusual number, minutes for late and long runs; "
        "else it does not matter.",
    )
    counts = forms.ChoiceField(
        label="Unusual: which number",
        choices=list(NUMBERS.items()),
        help_text="For an unusual number only.",
    )
    runs = forms.IntegerField(
        label="Unusual: runs to compare with",
        initial=5,
        min_value=1,
        help_text="For an unusual number only: their average is what is usual.",
    )
    channel = forms.ChoiceField(label="Send to", required=False)
    every_time = forms.ChoiceField(
        label="How often",
        choices=[("", "The first time, until it is over"), ("yes", "Every time")],
        required=False,
    )
    recovery = forms.BooleanField(label="Tell when it is over", initial=True, required=False)
    enabled = forms.BooleanField(label="On", initial=True, required=False)

    def __init__(
        self,
        *args: Any,
        syncs: tuple[tuple[str, str], ...],
        channels: tuple[OutletInfo, ...],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():  # all have a value, be it "all" or "off"
            field.unmarked = True  # type: ignore[attr-defined]
        self._choose("sync", [("", "All syncs"), *syncs])
        self._choose("channel", [("", "All channels"), *((str(each.id), each.name) for each in channels)])

    def _choose(self, field: str, choices: list[tuple[str, str]]) -> None:
        self.fields[field].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """An empty threshold is no threshold of zero: that one rings for a single row."""
        typed: dict[str, Any] = super().clean() or self.cleaned_data
        empty = "threshold" in typed and typed["threshold"] is None  # what is no number is told already
        if empty and typed.get("kind") in _WITH_THRESHOLD:
            self.add_error("threshold", "Give a number: this kind of alert compares with it.")
        return typed

    def wish(self) -> Wish:
        """What was typed."""
        typed = self.cleaned_data
        return Wish(
            kind=typed["kind"],
            sync=typed["sync"],
            channel=int(typed["channel"]) if typed["channel"] else None,
            threshold=typed["threshold"] or 0,
            counts=typed["counts"],
            runs=typed["runs"],
            every_time=bool(typed["every_time"]),
            recovery=typed["recovery"],
            enabled=typed["enabled"],
        )
