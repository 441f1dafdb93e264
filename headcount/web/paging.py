"""Where a page of a long list begins, as addresses say it."""

from __future__ import annotations

from django.http import HttpRequest


def place(request: HttpRequest, name: str, default: int | None = None) -> int | None:
    """The number under ``name`` in the address; ``default`` where there is none that could be meant."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else default
