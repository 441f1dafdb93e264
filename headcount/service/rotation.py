"""A fresh key for what is kept encrypted."""

from __future__ import annotations

import os
from dataclasses import dataclass

from headcount.control import audit, secrets
from headcount.control.setup import setup
from headcount.control.trouble import told


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """How many secrets the new key encrypts, and where it is: the variable, or the file."""

    secrets: int
    key: str
    from_environment: bool


def rotate() -> Rotation:
    """Encrypt all stored secrets anew: with a fresh key in the file, or with the first key of HEADCOUNT_SECRET_KEY.

    Raises ``StateError`` when a secret cannot be opened with any key; nothing is lost then.
    """
    home = setup()
    given = bool(os.environ.get(secrets.VARIABLE))
    with told():
        count = secrets.rotate()
        audit.record("rotated", "the key of stored secrets", {"secrets": count})
    return Rotation(
        secrets=count, key=secrets.VARIABLE if given else str(home.secret_key), from_environment=given
    )
