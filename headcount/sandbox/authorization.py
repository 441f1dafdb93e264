"""Reads the Authorization header: Basic for Track, Bearer for the App API."""

import base64
import binascii

from headcount.sandbox.account import Account
from headcount.sandbox.call import Answer, refusal
from headcount.sandbox.workspace import Workspace

TRACK_REFUSED = refusal({"meta": {"error": "Unauthorized request"}}, 401)
APP_REFUSED = refusal({"errors": [{"detail": "unauthorized", "status": "401"}]}, 401)


def track_workspace(account: Account, header: str) -> Workspace | None:
    """Standard and URL-safe base64 are both read; official clients send either."""
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    text = text.strip().replace("-", "+").replace("_", "/")
    try:
        site_id, _, api_key = base64.b64decode(text + "=" * (-len(text) % 4)).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return account.by_track_key(site_id, api_key)


def app_workspace(account: Account, header: str) -> Workspace | None:
    scheme, _, token = header.partition(" ")
    return account.by_app_key(token.strip()) if scheme.lower() == "bearer" else None


def refused(path: str) -> Answer:
    return TRACK_REFUSED if path.startswith("/api/") else APP_REFUSED
