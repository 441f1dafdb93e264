"""Keys as people type them."""

from __future__ import annotations


def canonical(identifier: str, key: str) -> str:
    """A key as a person types it, in the form the state knows it by."""
    return key.strip().lower() if identifier == "email" else key
