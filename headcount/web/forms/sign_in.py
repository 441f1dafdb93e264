"""The form of the front door."""

from __future__ import annotations

from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    """Names and passwords are typed, not tried: what was wrong is not told apart."""

    error_messages = {  # noqa: RUF012  (Django's way to say it)
        "invalid_login": "This username and password do not belong together. Both are case-sensitive.",
        "inactive": "This username and password do not belong together. Both are case-sensitive.",
    }
