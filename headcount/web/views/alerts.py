"""Alerts: where they go, what they tell, what they have told. Everybody may look, Owners change."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_POST

from headcount.service import alerts, outlets
from headcount.service.alerts import Wish
from headcount.service.outlets import CHANNEL
from headcount.service.roles import Deed
from headcount.web.access import takes
from headcount.web.forms.alerts import ChannelForm, RuleForm
from headcount.web.page import Page, twin
from headcount.web.said import tell
from headcount.web.views.outlets import remove, test

HERE = (("Settings", "/settings/"), ("Alerts", "/settings/alerts/"))


@takes(Deed.LOOK, changing=Deed.OWN)
def overview(request: HttpRequest) -> Page | HttpResponse:
    """Channels, rules, and what was told; the form adds a channel."""
    form = ChannelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        added = form.tried(lambda: outlets.add_channel(typed["name"], typed["url"]))
        if added is not None:
            tell(request, f"{added.name} is added ({added.endpoint}). Send a test to see that it works.")
            return redirect("settings-alerts")
    return Page(
        template="web/settings/alerts.html",
        title="Alerts",
        data={"channels": outlets.channels(), "rules": alerts.rules(), "alerts": alerts.alerts()},
        extra={"tab": "alerts", "form": form},
        trail=HERE[:1],
    )


@takes(Deed.OWN)
def add_rule(request: HttpRequest) -> Page | HttpResponse:
    """A new rule. ``?sync=KEY`` chooses the sync beforehand."""
    return _rule_page(request, None, "Add an alert rule", {"sync": request.GET.get("sync", "")})


@takes(Deed.OWN)
def rule(request: HttpRequest, rule: int) -> Page | HttpResponse:
    """Change a rule."""
    found = alerts.rule(rule)
    return _rule_page(request, rule, "Change an alert rule", _typed(found.wish))


def _rule_page(
    request: HttpRequest, number: int | None, title: str, initial: dict[str, Any]
) -> Page | HttpResponse:
    form = RuleForm(request.POST or None, initial=initial, syncs=alerts.syncs(), channels=outlets.channels())
    if request.method == "POST" and form.is_valid():
        saved = form.tried(lambda: alerts.save_rule(form.wish(), number))
        if saved is not None:
            tell(request, f"Saved: {saved.means}, for {saved.sync_name or 'all syncs'}.")
            return redirect("settings-alerts")
    return Page(
        template="web/settings/alert_rule.html",
        title=title,
        data={"rule": number},
        extra={"form": form},
        trail=HERE,
    )


def _typed(wish: Wish) -> dict[str, Any]:
    return {**asdict(wish), "channel": wish.channel or "", "every_time": "yes" if wish.every_time else ""}


@takes(Deed.OWN)
@require_POST
def remove_rule(request: HttpRequest, rule: int) -> HttpResponse:
    """Tell it no more."""
    tell(request, f"Removed: {alerts.remove_rule(rule)}.")
    return redirect("settings-alerts")


routes = [
    *twin("settings/alerts/", overview, "settings-alerts"),
    *twin("settings/alerts/rules/add/", add_rule, "settings-alert-rule-add"),
    *twin("settings/alerts/rules/<int:rule>/", rule, "settings-alert-rule"),
    path("settings/alerts/rules/<int:rule>/remove/", remove_rule, name="settings-alert-rule-remove"),
    path(
        "settings/alerts/channels/<int:outlet>/test/", test, {"kind": CHANNEL}, name="settings-channel-test"
    ),
    path(
        "settings/alerts/channels/<int:outlet>/remove/",
        remove,
        {"kind": CHANNEL},
        name="settings-channel-remove",
    ),
]
