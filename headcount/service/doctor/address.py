"""The address people reach the pages by."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from headcount.service.doctor.finding import Finding, attention, failed, ok

NEAR = ("127.0.0.1", "localhost", "::1")


def public_url() -> Iterator[Finding]:
    """Is HEADCOUNT_PUBLIC_URL, if set, an address that keeps passwords and cookies to themselves?"""
    url = os.environ.get("HEADCOUNT_PUBLIC_URL", "")
    if not url:
        yield ok("public URL", "not set: the pages are for this machine")
        return
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if (
        parts.scheme not in ("http", "https")
        or not host
        or parts.path.strip("/")
        or parts.query
        or parts.username
    ):
        todo = "It looks like https://headcount.example.com"
        yield failed("public URL", "HEADCOUNT_PUBLIC_URL is not the address of a website.", todo)
    elif parts.scheme == "http" and host not in NEAR:
        todo = "Put a proxy with TLS in front and say https; cookies are marked Secure then."
        yield attention("public URL", f"{url} sends passwords and cookies in the clear.", todo)
    else:
        secure = "Secure cookies" if parts.scheme == "https" else "this machine only"
        yield ok("public URL", f"{url}, {secure}")
