"""A fresh key for what is kept encrypted."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime

from headcount.control import audit, secrets
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.service import heartbeat


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """How many secrets the new key encrypts, and where it is: the variable, or the file."""

    secrets: int
    key: str
    from_environment: bool


def rotate() -> Rotation:
    """Encrypt all stored secrets anew: with a fresh key in the file, or with the first key of HEADCOUNT_SECRET_KEY.

    Raises ``StateError`` when a secret cannot be opened with any key, and ``ConfigurationError`` while a worker runs
    that has not got the new key; nothing is lost then.
    """
    home = setup()
    given = bool(os.environ.get(secrets.VARIABLE))
    if given:
        _all_have_it()
    with told():
        count = secrets.rotate()
        audit.record("rotated", "the key of stored secrets", {"secrets": count})
    return Rotation(
        secrets=count, key=secrets.VARIABLE if given else str(home.secret_key), from_environment=given
    )


def new_key() -> str:
    """A key that HEADCOUNT_SECRET_KEY may hold. Kept nowhere."""
    return secrets.new_key()


def _all_have_it() -> None:
    secrets.key_ring()
    if not heartbeat.all_can_read(secrets.fingerprints()[0], datetime.now(UTC)):
        raise ConfigurationError(
            f"A worker that was here within the last minute has not got the first key of {secrets.VARIABLE}.",
            hint="Give every serve and worker the new key and the old one, restart them, and rotate a minute later.",
        )
