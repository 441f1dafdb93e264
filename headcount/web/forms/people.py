"""Forms about people, their passwords and their tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from headcount.control.models import Role, User
from headcount.service.passwords import WeakPassword, WrongPassword, check_password
from headcount.service.roles import lesser
from headcount.web.forms.told import ToldForm

ROLES = {
    Role.VIEWER: "Viewer: looks, and changes nothing",
    Role.OPERATOR: "Operator: also starts, cancels, approves and retries runs",
    Role.EDITOR: "Editor: also makes and changes models and syncs",
    Role.OWNER: "Owner: also connections, people, tokens and masked columns",
}


def _password(label: str, *, new: bool, help_text: str = "") -> forms.CharField:
    kind = "new-password" if new else "current-password"
    widget = forms.PasswordInput(attrs={"autocomplete": kind})
    return forms.CharField(label=label, widget=widget, strip=False, max_length=1000, help_text=help_text)


def _name() -> forms.CharField:
    return forms.CharField(label="Name", help_text="What others see.", max_length=200, required=False)


def _role(roles: Iterable[Role], *, label: str = "Role") -> forms.ChoiceField:
    choices = [(role.value, ROLES[role]) for role in roles]
    return forms.ChoiceField(label=label, choices=choices)


class NewPasswordForm(ToldForm):
    """A new password, typed twice."""

    beside = {WeakPassword: "password"}  # noqa: RUF012

    password = _password(
        "Password", new=True, help_text="At least 10 characters; a few words make a good one."
    )
    again = _password("The same again", new=True)

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or {}
        if "again" in typed and typed.get("password") != typed["again"]:
            self.add_error("again", "This is not the same password.")
        if "password" in typed:
            self.tried(lambda: check_password(typed["password"], self._person(typed)))
        return typed

    def _person(self, typed: Mapping[str, Any]) -> User:
        """Whose password it will be, as far as the form knows."""
        return User(username=typed.get("username", ""), name=typed.get("name", ""))


class FirstOwnerForm(NewPasswordForm):
    """The person a new Headcount begins with."""

    field_order = ("username", "name", "password", "again")

    username = forms.CharField(
        label="Username",
        max_length=150,
        help_text="What you sign in with.",
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    name = _name()


class ChangePasswordForm(NewPasswordForm):
    """One's own password: the present one, and the new one twice."""

    beside = {WeakPassword: "password", WrongPassword: "present"}  # noqa: RUF012
    field_order = ("present", "password", "again")

    present = _password("Present password", new=False)


class AddPersonForm(ToldForm):
    """Somebody new; they set their password themselves."""

    username = forms.CharField(
        label="Username",
        max_length=150,
        help_text="What they sign in with: letters, digits and . @ + - _",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    name = _name()
    role = _role(ROLES)


class PersonForm(ToldForm):
    """What can be changed about somebody."""

    name = _name()
    role = _role(ROLES)


class TokenForm(ToldForm):
    """A new token, with a role up to one's own."""

    name = forms.CharField(label="Name", max_length=200, help_text="What will use it, Airflow for example.")
    role = _role(ROLES, label="It may do what this role may")

    def __init__(self, *args: Any, own: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(role.value, ROLES[role]) for role in ROLES if lesser(role, own) == role]
        self.fields["role"].choices = choices  # type: ignore[attr-defined]
