"""Alerts: the channels they go to, the rules of what they tell, and what they told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from headcount.api.bearer import allowed
from headcount.api.envelope import LARGEST, Gone, Number, One, answers
from headcount.api.shapes.outlet import Address, Sent, sent
from headcount.api.shapes.strict import Strict
from headcount.service import alerts, outlets
from headcount.service.alerts import AlertInfo, RuleInfo, Wish
from headcount.service.outlets import CHANNEL, OutletInfo
from headcount.service.register import syncs
from headcount.service.roles import Deed

router = Router(tags=["Alerts"])


class RuleBody(Strict):
    """A rule. In a change, what is left out stays as it was; ``sync_id`` and ``channel_id`` null mean all of them.

    ``threshold`` is percent for ``rejected`` and ``unusual``, minutes for ``late`` and ``long``.
    """

    kind: str | None = Field(None, description="failed, rejected, no_rows, unusual, late, long or waiting.")
    sync_id: int | None = Field(None, ge=1, le=LARGEST)
    channel_id: int | None = Field(None, ge=1, le=LARGEST)
    threshold: float | None = Field(None, ge=0, le=1_000_000)
    counts: str | None = Field(None, description="Which number is unusual.")
    runs: int | None = Field(None, ge=1, le=1000, description="How many runs make what is usual.")
    every_time: bool | None = None
    recovery: bool | None = None
    enabled: bool | None = None


class OfSync(Schema):
    """Of one sync, or of all."""

    sync_id: int | None = Field(None, ge=1, le=LARGEST)


@router.get("/alerts", auth=allowed(Deed.LOOK), response=answers(One[list[AlertInfo]]))
def list_alerts(request: HttpRequest, which: Query[OfSync]) -> Any:
    """What was told: first what is still so, then the latest; at most fifty."""
    key = syncs.key_of(which.sync_id) if which.sync_id is not None else None
    return {"data": list(alerts.alerts(key))}


@router.get("/alert_rules", auth=allowed(Deed.LOOK), response=answers(One[list[RuleInfo]]))
def list_rules(request: HttpRequest) -> Any:
    """All rules."""
    return {"data": list(alerts.rules())}


@router.post("/alert_rules", auth=allowed(Deed.OWN), response={**answers(One[RuleInfo]), 201: One[RuleInfo]})
def add_rule(request: HttpRequest, body: RuleBody) -> Any:
    """Add a rule."""
    made = alerts.save_rule(_wish(Wish(kind=body.kind or ""), body))
    return Status(201, {"status": "created", "data": made})


@router.get("/alert_rules/{rule_id}", auth=allowed(Deed.LOOK), response=answers(One[RuleInfo]))
def fetch_rule(request: HttpRequest, rule_id: Number) -> Any:
    """One rule."""
    return {"data": alerts.rule(rule_id)}


@router.patch("/alert_rules/{rule_id}", auth=allowed(Deed.OWN), response=answers(One[RuleInfo]))
def change_rule(request: HttpRequest, rule_id: Number, body: RuleBody) -> Any:
    """Change a rule: what is given replaces what was there."""
    wish = _wish(alerts.rule(rule_id).wish, body)
    return {"status": "updated", "data": alerts.save_rule(wish, rule_id)}


@router.delete("/alert_rules/{rule_id}", auth=allowed(Deed.OWN), response=answers(Gone))
def delete_rule(request: HttpRequest, rule_id: Number) -> Any:
    """Delete a rule, with what it told."""
    alerts.remove_rule(rule_id)
    return Gone()


def _wish(before: Wish, body: RuleBody) -> Wish:
    given = body.model_dump(exclude_unset=True)
    named = {"sync_id", "channel_id"}
    wish = replace(before, **{n: v for n, v in given.items() if n not in named and v is not None})
    if "sync_id" in given:
        wish = replace(wish, sync=syncs.key_of(body.sync_id) if body.sync_id is not None else "")
    return replace(wish, channel=body.channel_id) if "channel_id" in given else wish


@router.get("/alert_channels", auth=allowed(Deed.LOOK), response=answers(One[list[OutletInfo]]))
def list_channels(request: HttpRequest) -> Any:
    """Where alerts go: Slack, e-mail and so on."""
    return {"data": list(outlets.channels())}


@router.post(
    "/alert_channels", auth=allowed(Deed.OWN), response={**answers(One[OutletInfo]), 201: One[OutletInfo]}
)
def add_channel(request: HttpRequest, body: Address) -> Any:
    """Add a channel by its apprise address, which is kept encrypted and never shown again."""
    made = outlets.add_channel(body.name, body.url)
    return Status(201, {"status": "created", "data": made})


@router.post("/alert_channels/{channel_id}/test", auth=allowed(Deed.OWN), response=answers(One[Sent]))
def test_channel(request: HttpRequest, channel_id: Number) -> Any:
    """Send a test message, now."""
    return {"data": sent(outlets.try_out(CHANNEL, channel_id))}


@router.delete("/alert_channels/{channel_id}", auth=allowed(Deed.OWN), response=answers(Gone))
def delete_channel(request: HttpRequest, channel_id: Number) -> Any:
    """Delete a channel. Rules that named it go to all channels."""
    outlets.remove(CHANNEL, channel_id)
    return Gone()
