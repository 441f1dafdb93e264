"""The front door: how long to wait before a try, and who came in or did not."""

from __future__ import annotations

from datetime import timedelta

from headcount.control import audit
from headcount.control.models import User
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.service import throttle


def knock(username: str, address: str) -> timedelta:
    """How long to wait before this try; zero when the password may be looked at now. The try is counted."""
    return throttle.admit(username, address)


def came_in(username: str, address: str) -> None:
    """The password was right."""
    throttle.take_back(username, address)
    with told():
        audit.record("signed in", f"person {username}", {"from": address}, actor=username)


def stayed_out(username: str, address: str) -> None:
    """The password was wrong. A name that nobody has is not written down: it may be a password in the wrong field."""
    setup()
    username = User.normalize_username(username)
    with told():
        known = User.objects.filter(username=username).exists()
        name = username if known else "(unknown)"
        audit.record("failed to sign in", f"person {name}", {"from": address}, actor=name)


def left(username: str) -> None:
    """Somebody signed out."""
    setup()
    with told():
        audit.record("signed out", f"person {username}", actor=username)
