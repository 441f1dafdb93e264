"""Where a secret is: in an environment variable, in a file, or stored encrypted. Never in the project
file.
"""

from __future__ import annotations

import re

HELP = "Write env:NAME, file:PATH or stored."
STORED = "stored"

_ENV = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")
_FILE = re.compile(r"file:.+", re.DOTALL)
_PASSWORD_IN_URL = re.compile(r"://[^/@\s]*:[^/@\s]+@")


def is_reference(text: str) -> bool:
    """Does this say where a secret is?"""
    return text == STORED or is_variable(text) or _FILE.fullmatch(text) is not None


def is_variable(text: str) -> bool:
    """``env:NAME`` may stand in any text field, for hosts and users differ from place to place as well."""
    return _ENV.fullmatch(text) is not None


def holds_password(text: str) -> bool:
    """Is there a password inside this address?"""
    return _PASSWORD_IN_URL.search(text) is not None
