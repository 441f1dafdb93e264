"""Bearer tokens of the API: made, recognised, revoked. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from headcount.control import audit
from headcount.control.models import ApiToken, Role, User
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.service.roles import Deed, lesser, may

MARK = "hc_"  # what every token begins with, so that people and scanners know one when they see it
SHOWN = 9  # characters of a token that stay readable: the mark and six more
NAME_LENGTH = 200
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class TokenInfo:
    """A token as people see it; the token itself is not kept anywhere."""

    id: int
    name: str
    prefix: str
    owner: str
    role: str  # what was asked for
    may: str  # what it comes to today: never more than its owner may
    active: bool  # False when its owner is deactivated
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Issued:
    """A new token, for the only time that it can be read."""

    token: str
    info: TokenInfo


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whom a token speaks for, and what it may do now."""

    token: int
    token_name: str
    user: int
    username: str
    role: Role


def issue(owner: str, *, name: str, role: str) -> Issued:
    """Make a token for the person ``owner``. Raises ``ConfigurationError`` for a role above the owner's own, an
    empty name, and a person who does not exist or is deactivated.
    """
    setup()
    with told(), transaction.atomic():
        user = _person(owner)
        _check(user, name, role)
        token = MARK + secrets.token_urlsafe(30)
        row = ApiToken.objects.create(
            user=user, name=name.strip(), role=role, prefix=token[:SHOWN], digest=_digest(token)
        )
        audit.record("created", f"token {row.prefix}…", {"name": row.name, "role": role, "owner": owner})
        return Issued(token=token, info=_info(row))


def who(token: str) -> Caller | None:
    """Whom the token speaks for; None for one that is unknown, revoked, or whose owner is deactivated.

    Its last use is noted, once a minute at most.
    """
    if not token.startswith(MARK):
        return None
    setup()
    with told():
        row = ApiToken.objects.select_related("user").filter(digest=_digest(token)).first()
        if row is None or not row.user.is_active:
            return None
        _note_use(row)
    return Caller(
        token=row.pk,
        token_name=row.name,
        user=row.user.pk,
        username=row.user.username,
        role=lesser(row.role, row.user.role),
    )


def revoke(token: int, *, by: str) -> TokenInfo:
    """End a token: one's own, or for an Owner anybody's. Raises ``ConfigurationError`` when ``by`` has no such
    token.
    """
    setup()
    with told(), transaction.atomic():
        row = ApiToken.objects.select_related("user").filter(pk=token).first()
        person = _person(by)
        if row is None or not (row.user_id == person.pk or may(person.role, Deed.OWN)):
            raise ConfigurationError("There is no such token.", hint="It may have been revoked already.")
        info = _info(row)
        row.delete()
        audit.record("revoked", f"token {info.prefix}…", {"name": info.name, "owner": info.owner})
        return info


def listing(owner: str | None = None) -> tuple[TokenInfo, ...]:
    """The tokens of one person, or of everybody; the newest first."""
    setup()
    with told():
        rows = ApiToken.objects.select_related("user")
        return tuple(_info(row) for row in (rows.filter(user__username=owner) if owner else rows))


def _check(user: User, name: str, role: str) -> None:
    if not name.strip() or len(name.strip()) > NAME_LENGTH:
        raise ConfigurationError(
            f"A token needs a name of at most {NAME_LENGTH} characters.", hint="Say what will use it."
        )
    if role not in Role.values:
        raise ConfigurationError(f"There is no role {role}.", hint=f"There are: {', '.join(Role.values)}.")
    if lesser(role, user.role) != role:
        raise ConfigurationError(
            f"A token of {user.username} cannot have the role {role}.",
            hint=f"Choose {user.role} or less: a token never may more than its owner.",
        )


def _person(username: str) -> User:
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise ConfigurationError(f"There is no active person {username}.", hint="headcount users list")
    return user


def _note_use(row: ApiToken) -> None:
    """In one statement and only when due, so that reads of the API write next to nothing."""
    now = timezone.now()
    if row.used_at is None or row.used_at < now - USE_NOTED_EVERY:
        due = Q(used_at=None) | Q(used_at__lt=now - USE_NOTED_EVERY)
        ApiToken.objects.filter(due, pk=row.pk).update(used_at=now)


def _digest(token: str) -> str:
    """A plain SHA-256 is enough: a token is 240 random bits, which nobody tries out."""
    return hashlib.sha256(token.encode()).hexdigest()


def _info(row: ApiToken) -> TokenInfo:
    return TokenInfo(
        id=row.pk,
        name=row.name,
        prefix=row.prefix,
        owner=row.user.username,
        role=row.role,
        may=lesser(row.role, row.user.role).value,
        active=row.user.is_active,
        created_at=row.created_at,
        used_at=row.used_at,
    )
