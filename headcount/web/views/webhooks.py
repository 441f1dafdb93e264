"""Webhooks and what was sent to them. Everybody may look, Owners change."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_POST

from headcount.control.models import Outlet
from headcount.service import delivering, outlets
from headcount.service.roles import Deed
from headcount.web.access import takes
from headcount.web.forms.alerts import WebhookForm
from headcount.web.page import Page, twin
from headcount.web.said import tell

WEBHOOK = Outlet.Kind.WEBHOOK.value


@takes(Deed.LOOK, changing=Deed.OWN)
def overview(request: HttpRequest) -> Page:
    """Webhooks and the latest deliveries. The form adds one; its secret is in the answer, and never again."""
    form = WebhookForm(request.POST or None)
    signed = None
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        signed = form.tried(lambda: outlets.add_webhook(typed["name"], typed["url"], typed["events"]))
    return Page(
        template="web/settings/webhooks.html",
        title="Webhooks",
        data={"webhooks": outlets.webhooks(), "deliveries": delivering.deliveries(WEBHOOK)},
        extra={"tab": "webhooks", "signed": signed, "form": WebhookForm() if signed else form},
        trail=(("Settings", "/settings/"),),
    )


@takes(Deed.OWN)
@require_POST
def test(request: HttpRequest, webhook: int) -> HttpResponse:
    """Send a test event."""
    trouble = outlets.try_out(WEBHOOK, webhook)
    if trouble:
        tell(request, f"The test did not arrive. {trouble}", "failed")
    else:
        tell(request, "The test is sent, and was answered with success.")
    return redirect("settings-webhooks")


@takes(Deed.OWN)
@require_POST
def remove(request: HttpRequest, webhook: int) -> HttpResponse:
    """Send nothing there any more."""
    tell(request, f"{outlets.remove(WEBHOOK, webhook)} is removed, with what waited for it.")
    return redirect("settings-webhooks")


@takes(Deed.OWN)
@require_POST
def replay(request: HttpRequest, delivery: str) -> HttpResponse:
    """Send one delivery again."""
    again = delivering.replay(delivery)
    tell(
        request, f"{again.event} is sent to {again.outlet} again, in a few seconds and under the same number."
    )
    return redirect("settings-webhooks")


routes = [
    *twin("settings/webhooks/", overview, "settings-webhooks"),
    path("settings/webhooks/<int:webhook>/test/", test, name="settings-webhook-test"),
    path("settings/webhooks/<int:webhook>/remove/", remove, name="settings-webhook-remove"),
    path("settings/webhooks/deliveries/<str:delivery>/replay/", replay, name="settings-delivery-replay"),
]
