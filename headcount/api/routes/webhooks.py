"""Webhooks, and what was sent to them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from headcount.api.bearer import allowed
from headcount.api.envelope import Gone, Number, One, answers
from headcount.api.shapes.outlet import Address, Sent, sent
from headcount.service import delivering, outlets, signing_secrets
from headcount.service.delivering import DeliveryInfo
from headcount.service.outlets import WEBHOOK, OutletInfo, SignedWebhook
from headcount.service.roles import Deed

router = Router(tags=["Webhooks"])

SIGNED = answers(One[SignedWebhook])


class WebhookBody(Address):
    """Without ``events`` it is told of all."""

    events: list[str] = Field(default_factory=list, max_length=100)


@router.get("/webhooks", auth=allowed(Deed.LOOK), response=answers(One[list[OutletInfo]]))
def list_webhooks(request: HttpRequest) -> Any:
    """All webhooks."""
    return {"data": list(outlets.webhooks())}


@router.post("/webhooks", auth=allowed(Deed.OWN), response={**SIGNED, 201: One[SignedWebhook]})
def add_webhook(request: HttpRequest, body: WebhookBody) -> Any:
    """Add a webhook. The secret with which its messages are signed is in the answer, and never again."""
    made = outlets.add_webhook(body.name, body.url, body.events)
    return Status(201, {"status": "created", "data": made})


@router.delete("/webhooks/{webhook_id}", auth=allowed(Deed.OWN), response=answers(Gone))
def delete_webhook(request: HttpRequest, webhook_id: Number) -> Any:
    """Delete a webhook, with what waits for it."""
    outlets.remove(WEBHOOK, webhook_id)
    return Gone()


@router.post("/webhooks/{webhook_id}/test", auth=allowed(Deed.OWN), response=answers(One[Sent]))
def test_webhook(request: HttpRequest, webhook_id: Number) -> Any:
    """Send a test event, now."""
    return {"data": sent(outlets.try_out(WEBHOOK, webhook_id))}


@router.post("/webhooks/{webhook_id}/rotate", auth=allowed(Deed.OWN), response=SIGNED)
def rotate_secret(request: HttpRequest, webhook_id: Number) -> Any:
    """Add a signing secret, which is in the answer and never again. Older ones sign too until they are retired."""
    return {"status": "updated", "data": signing_secrets.rotate(webhook_id)}


@router.post("/webhooks/{webhook_id}/retire", auth=allowed(Deed.OWN), response=answers(One[OutletInfo]))
def retire_secrets(request: HttpRequest, webhook_id: Number) -> Any:
    """Sign with the newest secret alone."""
    return {"status": "updated", "data": signing_secrets.retire(webhook_id)}


@router.get("/webhook_deliveries", auth=allowed(Deed.LOOK), response=answers(One[list[DeliveryInfo]]))
def list_deliveries(request: HttpRequest) -> Any:
    """The newest messages to webhooks, and what became of them."""
    return {"data": list(delivering.deliveries(WEBHOOK))}


@router.post("/webhook_deliveries/{uid}/replay", auth=allowed(Deed.OWN), response=answers(One[DeliveryInfo]))
def replay_delivery(request: HttpRequest, uid: str) -> Any:
    """Send a message again, in a few seconds and under the same number."""
    return {"status": "updated", "data": delivering.replay(uid)}
