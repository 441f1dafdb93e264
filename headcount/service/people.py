"""People who may use the pages and the API: added, given roles, deactivated. There is always an Owner left."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Count

from headcount.control import audit
from headcount.control.models import Role, User
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.project.problems import did_you_mean
from headcount.service import throttle

USERNAME = re.compile(r"[\w.@+-]{1,150}")
NAME_LENGTH = 200


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody as others see them. ``can_sign_in`` is False until they have set a password."""

    id: int
    username: str
    name: str
    role: str
    active: bool
    can_sign_in: bool
    tokens: int
    created_at: datetime
    last_sign_in: datetime | None


def listing() -> tuple[Person, ...]:
    """Everybody, by username."""
    setup()
    with told():
        return tuple(_person(row) for row in _rows())


def find(username: str) -> Person:
    """Raises ``ConfigurationError`` with the nearest name for a person who does not exist."""
    setup()
    with told():
        return _person(_row(username))


def find_by_id(number: int) -> Person:
    """Raises ``ConfigurationError`` for a number that nobody has."""
    setup()
    with told():
        row = _rows().filter(pk=number).first()
    if row is None:
        raise ConfigurationError("There is no such person.", hint="They may have been deleted.")
    return _person(row)


def has_owner() -> bool:
    """Is there anybody yet who may do everything?"""
    setup()
    with told():
        return User.objects.filter(role=Role.OWNER, is_active=True).exists()


def add(username: str, role: str, *, name: str = "") -> Person:
    """Add somebody without a password: ``headcount.service.welcome`` makes the link to set one.

    Raises ``ConfigurationError`` for a username that is taken (in any case) or cannot be one, and an unknown role.
    """
    setup()
    username, name = unicodedata.normalize("NFKC", username.strip()), name.strip()
    _check(username, name, role)
    with told(), transaction.atomic():
        if User.objects.filter(username__iexact=username).exists():
            raise ConfigurationError(
                f"There is a person {username} already.", hint="Choose another username."
            )
        row = User.objects.create_user(username=username, role=role, name=name)
        audit.record("created", f"person {username}", {"role": role})
        return _person(row)


def change(
    username: str, *, name: str | None = None, role: str | None = None, active: bool | None = None
) -> Person:
    """Change what is given: all of it or nothing. Raises as ``rename``, ``change_role`` and ``deactivate``."""
    setup()
    with told(), transaction.atomic():
        if role is not None or active is not None:
            _owners()  # before the first row is written: whoever changes another Owner waits here, and not later
        if name is not None:
            rename(username, name)
        if role is not None:
            change_role(username, role)
        if active is not None:
            (activate if active else deactivate)(username)
        return find(username)


def rename(username: str, name: str) -> Person:
    """Change what others see. Raises ``ConfigurationError`` for a name that is too long."""
    setup()
    with told(), transaction.atomic():
        row = _row(username)
        _check(row.username, name, row.role)
        row.name = name.strip()
        row.save(update_fields=["name"])
        audit.record("changed", f"person {row.username}", {"name": row.name})
        return _person(row)


def change_role(username: str, role: str) -> Person:
    """Raises ``ConfigurationError`` for an unknown role, and for the last Owner."""
    setup()
    _check_role(role)
    with told(), _an_owner_stays(username, "be given a lesser role"):
        row = _row(username)
        before, row.role = row.role, role
        row.save(update_fields=["role"])
        audit.record("changed", f"person {row.username}", {"role": {"old": before, "new": role}})
        return _person(row)


def deactivate(username: str) -> Person:
    """End somebody's access: their sessions end for good, their tokens stop working, and nothing is deleted.

    Raises ``ConfigurationError`` for the last Owner.
    """
    setup()
    with told(), _an_owner_stays(username, "be deactivated"):
        row = _row(username)
        row.is_active = False
        row.sessions_ended += 1
        row.save(update_fields=["is_active", "sessions_ended"])
        audit.record("deactivated", f"person {row.username}")
        return _person(row)


def activate(username: str) -> Person:
    """Give access back: tokens from before work again, and pages ask for the password."""
    setup()
    with told(), transaction.atomic():
        row = _row(username)
        row.is_active = True
        row.save(update_fields=["is_active"])
        throttle.forgive(row.username)
        audit.record("activated", f"person {row.username}")
        return _person(row)


def delete(username: str) -> None:
    """Delete somebody and their tokens; what they did stays in the activity. Raises ``ConfigurationError`` for the
    last Owner.
    """
    setup()
    with told(), _an_owner_stays(username, "be deleted"):
        row = _row(username)
        row.delete()
        audit.record("deleted", f"person {username}")


@contextmanager
def _an_owner_stays(username: str, what: str) -> Iterator[None]:
    """Undo what is done inside when it would leave no active Owner. Owners are locked, so that two of them cannot
    remove each other at the same moment.
    """
    with transaction.atomic():
        before = _owners()
        yield
        if before and not _active_owners().exists():
            raise ConfigurationError(
                f"{username} is the last active Owner and cannot {what}.",
                hint="Make somebody else an Owner first.",
            )


def _owners() -> list[User]:
    """All active Owners, locked; everybody locks them in the same order."""
    return list(_active_owners().order_by("pk").select_for_update())


def _active_owners() -> models.QuerySet[User]:
    return User.objects.filter(role=Role.OWNER, is_active=True)


def _check(username: str, name: str, role: str) -> None:
    if not USERNAME.fullmatch(username):
        raise ConfigurationError(
            "This cannot be a username.", hint="Use up to 150 letters, digits and the signs . @ + - _"
        )
    if len(name) > NAME_LENGTH:
        raise ConfigurationError(f"A name has at most {NAME_LENGTH} characters.")
    _check_role(role)


def _check_role(role: str) -> None:
    if role not in Role.values:
        raise ConfigurationError(f"There is no role {role}.", hint=f"There are: {', '.join(Role.values)}.")


def _rows() -> models.QuerySet[Any]:
    return User.objects.annotate(token_count=Count("tokens"))


def _row(username: str) -> Any:
    row = _rows().filter(username=username).first()
    if row is None:
        known = list(User.objects.values_list("username", flat=True)[:1000])
        hint = did_you_mean(username, known) or "headcount users list shows everybody."
        raise ConfigurationError(f"There is no person {username}.", hint=hint)
    return row


def _person(row: Any) -> Person:
    return Person(
        id=row.pk,
        username=row.username,
        name=row.name,
        role=str(row.role),
        active=row.is_active,
        can_sign_in=row.has_usable_password(),
        tokens=getattr(row, "token_count", 0),
        created_at=row.created_at,
        last_sign_in=row.last_login,
    )
