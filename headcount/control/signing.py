"""What signs cookies and links: derived from the key of stored secrets, so that it is kept in one place."""

from __future__ import annotations

import hashlib
import hmac

from headcount.control import secrets


def load() -> None:
    """Let Django sign with the present home's key; what an older key signed is still understood.

    Raises ``StateError`` when the key cannot be read.
    """
    from django.conf import settings

    newest, *older = [_derived(key) for key in secrets.key_ring()]
    settings.SECRET_KEY = newest
    settings.SECRET_KEY_FALLBACKS = older


def _derived(key: str) -> str:
    return hmac.new(key.encode(), b"headcount: cookies and links", hashlib.sha256).hexdigest()
