"""Guessing passwords is made slow: after some failures every further one doubles a pause.

Failures are counted for the name and for the address they come from, in the control store, so that several server
processes count together. A try is counted before its password is looked at and taken back when it was right: a
hundred guesses at the same moment are a hundred failures.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from headcount.control.models import Attempt, User
from headcount.control.setup import setup
from headcount.control.trouble import told

FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Counter:
    """One thing that is counted. ``free`` failures cost nothing: people mistype, and offices share an address."""

    subject: str
    free: int


def admit(username: str, address: str) -> timedelta:
    """Count one try. Returns how long to wait first: zero when the password may be looked at now."""
    setup()
    now = timezone.now()
    with told(), transaction.atomic():
        Attempt.objects.filter(last_at__lt=now - FORGOTTEN_AFTER).delete()
        rows = [(counter, _locked(counter, now)) for counter in _counters(username, address)]
        pause = max(_pause(row, now) for _, row in rows)
        if not pause:
            for counter, row in rows:
                _count(row, counter.free, now)
        return pause


def take_back(username: str, address: str) -> None:
    """The password was right: nothing is held against the name, and this try not against the address."""
    setup()
    name, place = _counters(username, address)
    with told(), transaction.atomic():
        Attempt.objects.filter(subject=name.subject).delete()
        Attempt.objects.filter(subject=place.subject, failures__gt=0).update(
            failures=F("failures") - 1, closed_until=None
        )


def forgive(username: str) -> None:
    """Forget the failures of a name: its person has a new password."""
    setup()
    with told():
        Attempt.objects.filter(subject=_counters(username, "")[0].subject).delete()


def _counters(username: str, address: str) -> tuple[Counter, Counter]:
    """A name is counted as the look-up reads it: other spellings of it are no other names."""
    name = User.normalize_username(username.strip()).casefold()
    return (
        Counter(subject=_digest("name", name), free=5),
        Counter(subject=_digest("address", _network(address)), free=20),
    )


def _locked(counter: Counter, now: datetime) -> Attempt:
    """Its row, made if need be; tries at the same moment wait for each other here."""
    row, _ = Attempt.objects.select_for_update().get_or_create(
        subject=counter.subject, defaults={"last_at": now}
    )
    return row


def _pause(row: Attempt, now: datetime) -> timedelta:
    return max(row.closed_until - now, timedelta()) if row.closed_until is not None else timedelta()


def _count(row: Attempt, free: int, now: datetime) -> None:
    row.failures, row.last_at = row.failures + 1, now
    beyond = row.failures - free
    if beyond >= 0:
        row.closed_until = now + min(FIRST_PAUSE * 2 ** min(beyond, 20), LONGEST_PAUSE)
    row.save()


def _network(address: str) -> str:
    """Who has one IPv6 address has the whole /64."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(int(parsed) >> 64) if isinstance(parsed, IPv6Address) else str(parsed)


def _digest(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}\n{value}".encode()).hexdigest()
