"""What the pages of channels and of webhooks have in common: try one out, remove one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from headcount.service import outlets
from headcount.service.outlets import ARRIVED, CHANNEL, WEBHOOK
from headcount.service.roles import Deed
from headcount.web.access import takes
from headcount.web.said import tell

PAGES = {CHANNEL: "settings-alerts", WEBHOOK: "settings-webhooks"}


@takes(Deed.OWN)
@require_POST
def test(request: HttpRequest, kind: str, outlet: int) -> HttpResponse:
    """Send a test."""
    trouble = outlets.try_out(kind, outlet)
    if trouble:
        tell(request, f"The test did not arrive. {trouble}", "failed")
    else:
        tell(request, ARRIVED[kind])
    return redirect(PAGES[kind])


@takes(Deed.OWN)
@require_POST
def remove(request: HttpRequest, kind: str, outlet: int) -> HttpResponse:
    """Send nothing there any more. Rules that named a channel go to all channels."""
    tell(request, f"{outlets.remove(kind, outlet)} is removed, with what waited for it.")
    return redirect(PAGES[kind])
