"""Opaque names for records: an address, and every log that keeps addresses, must not tell whose record it is."""

from __future__ import annotations

from headcount.control import secrets
from headcount.errors import ConfigurationError


def token_of(sync: str, key: str) -> str:
    """A name for a record of a sync that says nothing to anybody but this home. Another one each time."""
    return secrets.sealed(f"{sync}\n{key}")


def key_of(sync: str, token: str) -> str:
    """The record's key. Raises ``ConfigurationError`` for what is no name of one of this sync's records."""
    owner, _, key = (secrets.unsealed(token) or "").partition("\n")
    if owner != sync or not key:
        raise ConfigurationError(
            "There is no such record.",
            hint="Search for it by its key: links end when the key of stored secrets is changed.",
        )
    return key
