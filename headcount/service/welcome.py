"""Links that let somebody in once: to become the first Owner, or to set a password of their own.

Both are signed with the home's key. A person's link ends with the first password that is set, the next sign-in or the
next link, the first Owner's with the first Owner.
"""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core import signing as signatures
from django.db import connection, transaction
from django.db.models import F

from headcount.control import audit, signing
from headcount.control.models import Role, User
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.service import people, throttle
from headcount.service.passwords import check_password

FIRST_OWNER_WITHIN = timedelta(days=1)
OWN_PASSWORD_WITHIN = timedelta(days=3)  # Django's PASSWORD_RESET_TIMEOUT
FIRST_OWNER_LOCK = 4_842_018  # an advisory lock of PostgreSQL that nobody else uses

_SALT = "headcount: first owner"


class _LinkTokens(PasswordResetTokenGenerator):
    """Django's, of which only the newest of a person is good."""

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        plain = super()._make_hash_value(user, timestamp)
        return f"{plain}{user.links_made}" if user.links_made else plain


_tokens = _LinkTokens()


def first_owner_path() -> str:
    """Where the first Owner is made; empty when there is one."""
    setup()
    if people.has_owner():
        return ""
    signing.load()
    return f"/welcome/first/{signatures.dumps('first', salt=_SALT)}/"


def first_owner_wanted(token: str) -> bool:
    """Is this link good, and nobody an Owner yet?"""
    setup()
    signing.load()
    try:
        signatures.loads(token, salt=_SALT, max_age=FIRST_OWNER_WITHIN)
    except signatures.BadSignature:
        return False
    return not people.has_owner()


def create_first_owner(token: str, username: str, password: str, *, name: str = "") -> people.Person:
    """Make the Owner that a new Headcount begins with. Raises ``ConfigurationError`` for a link that is not good any
    more, a username that cannot be one, and a ``WeakPassword``.
    """
    setup()
    with told(), transaction.atomic():
        _one_at_a_time()
        if not first_owner_wanted(token):
            raise _no_longer()
        person = people.add(username, Role.OWNER, name=name)
        _set(User.objects.get(pk=person.id), password)
        return people.find_by_id(person.id)


def link_path(username: str) -> str:
    """A link with which this person sets a new password; links made before end. Raises ``ConfigurationError`` for
    somebody who does not exist or is deactivated.
    """
    person = people.find(username)
    if not person.active:
        raise ConfigurationError(
            f"{username} is deactivated.",
            hint=f"First let them in again: headcount users activate {username}",
        )
    signing.load()
    with told(), transaction.atomic():
        User.objects.filter(pk=person.id).update(links_made=F("links_made") + 1)
        user = User.objects.get(pk=person.id)
        audit.record("invited", f"person {username}")
    return f"/welcome/{user.pk}/{_tokens.make_token(user)}/"


def invited(person: int, token: str) -> people.Person | None:
    """Whose link this is; None when it is not good, or not any more."""
    setup()
    signing.load()
    with told():
        user = User.objects.filter(pk=person, is_active=True).first()
    if user is None or not _tokens.check_token(user, token):
        return None
    return people.find_by_id(person)


def set_password(person: int, token: str, password: str) -> people.Person:
    """Set the password of whose link this is. Raises ``ConfigurationError`` when it is not good any more, and
    ``WeakPassword``.
    """
    setup()
    with told(), transaction.atomic():
        User.objects.select_for_update().filter(pk=person).first()  # of two at once, one comes too late
        found = invited(person, token)
        if found is None:
            raise _no_longer()
        _set(User.objects.get(pk=person), password)
        return people.find_by_id(person)


def _set(user: User, password: str) -> None:
    check_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    throttle.forgive(user.username)
    audit.record("set a password", f"person {user.username}", actor=user.username)


def _one_at_a_time() -> None:
    """SQLite's transactions begin with the write lock; PostgreSQL is asked for one."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [FIRST_OWNER_LOCK])


def _no_longer() -> ConfigurationError:
    return ConfigurationError(
        "This link is not good any more.",
        hint="It was used, or it is too old. Ask an Owner for a new one, or run: headcount users reset NAME",
    )
