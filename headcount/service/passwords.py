"""Passwords: which are good enough, and changing one's own."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from headcount.amounts import amount
from headcount.control import audit
from headcount.control.models import User
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.service import throttle


class WeakPassword(ConfigurationError):
    """A password that is too easy to guess. ``sentences`` say why, one for each reason."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences), hint="Three or four unrelated words make a good one.")
        self.sentences = sentences


class WrongPassword(ConfigurationError):
    """The present password was not the right one."""


def check_password(password: str, user: User) -> None:
    """Raises ``WeakPassword`` for one that is too short, too common, a number, or like the person's name."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise WeakPassword(list(error.messages)) from None


def change_password(username: str, present: str, new: str, *, address: str) -> None:
    """Change one's own password; all other sessions of the person end. ``address`` is where the request comes from.

    Raises ``WrongPassword`` and ``WeakPassword``; guessing the present one is slowed down like signing in.
    """
    setup()
    pause = throttle.admit(username, address)
    if pause:
        raise WrongPassword(too_often(pause))
    with told():
        user = User.objects.get(username=username, is_active=True)
        if not user.check_password(present):
            raise WrongPassword("This is not your present password.")
        throttle.take_back(username, address)
        check_password(new, user)
        user.set_password(new)
        user.save(update_fields=["password"])
        audit.record("changed the password of", f"person {username}")


def too_often(pause: timedelta) -> str:
    """The sentence for somebody who has to wait."""
    seconds = max(1, round(pause.total_seconds()))
    wait = amount(seconds, "second") if seconds < 120 else f"{round(seconds / 60)} minutes"
    return f"Too many failed tries. Wait {wait}, then try again."
