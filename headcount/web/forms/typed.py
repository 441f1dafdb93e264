"""Secrets that were typed into a form which is not saved yet.

A page never shows a secret again, not even to the one who typed it, and yet a form that is shown again must not lose
it. So it waits in the session, encrypted, under a number that the form carries.
"""

from __future__ import annotations

import secrets as random
from collections.abc import Mapping

from django.contrib.sessions.backends.base import SessionBase

from headcount.control.secrets import seal, unseal

KEPT = "typed"
SECONDS = 3600
FORMS = 5  # for one person at a time; older ones are forgotten


class Typed:
    """The secrets of one form, by field. ``number`` comes from the form; a new form gets one."""

    def __init__(self, session: SessionBase, number: str = "") -> None:
        self._session = session
        self.number = number or random.token_hex(8)
        sealed = session.get(KEPT, {}).get(self.number, "")
        self.values = unseal(sealed, seconds=SECONDS) if sealed else {}

    def add(self, values: Mapping[str, str]) -> None:
        """Keep these as well; what was typed before for the same fields is gone."""
        if values:
            self.values = {**self.values, **values}
            others = {n: token for n, token in self._session.get(KEPT, {}).items() if n != self.number}
            latest = dict(list(others.items())[-(FORMS - 1) :])
            self._session[KEPT] = {**latest, self.number: seal(self.values)}

    def drop(self, fields: frozenset[str]) -> None:
        """Forget these fields."""
        self.values = {name: value for name, value in self.values.items() if name not in fields}

    def forget(self) -> None:
        """The form was saved."""
        self._session[KEPT] = {
            n: token for n, token in self._session.get(KEPT, {}).items() if n != self.number
        }
