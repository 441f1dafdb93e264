"""Webhooks and what was sent to them. Everybody may look, Owners change."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_POST

from headcount.service import delivering, outlets, signing_secrets
from headcount.service.outlets import WEBHOOK, SignedWebhook
from headcount.service.roles import Deed
from headcount.web.access import takes
from headcount.web.forms.alerts import WebhookForm
from headcount.web.page import Page, as_page, twin
from headcount.web.said import tell
from headcount.web.views.outlets import remove, test


@takes(Deed.LOOK, changing=Deed.OWN)
def overview(request: HttpRequest) -> Page:
    """Webhooks and the latest deliveries. The form adds one; its secret is in the answer, and never again."""
    form = WebhookForm(request.POST or None)
    made = None
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        made = form.tried(lambda: outlets.add_webhook(typed["name"], typed["url"], typed["events"]))
    return _page(WebhookForm() if made else form, made)


def _page(form: WebhookForm, signed: SignedWebhook | None) -> Page:
    return Page(
        template="web/settings/webhooks.html",
        title="Webhooks",
        data={"webhooks": outlets.webhooks(), "deliveries": delivering.deliveries(WEBHOOK)},
        extra={"tab": "webhooks", "signed": signed, "form": form},
        trail=(("Settings", "/settings/"),),
    )


@as_page
@takes(Deed.OWN)
@require_POST
def rotate(request: HttpRequest, outlet: int) -> Page:
    """Add a secret, which is in the answer, and never again."""
    return _page(WebhookForm(), signing_secrets.rotate(outlet))


@takes(Deed.OWN)
@require_POST
def retire(request: HttpRequest, outlet: int) -> HttpResponse:
    """Sign with the newest secret alone."""
    left = signing_secrets.retire(outlet)
    tell(request, f"What {left.name} is sent is signed with its newest secret alone.")
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
    path("settings/webhooks/<int:outlet>/test/", test, {"kind": WEBHOOK}, name="settings-webhook-test"),
    path("settings/webhooks/<int:outlet>/rotate/", rotate, name="settings-webhook-rotate"),
    path("settings/webhooks/<int:outlet>/retire/", retire, name="settings-webhook-retire"),
    path("settings/webhooks/<int:outlet>/remove/", remove, {"kind": WEBHOOK}, name="settings-webhook-remove"),
    path("settings/webhooks/deliveries/<str:delivery>/replay/", replay, name="settings-delivery-replay"),
]
