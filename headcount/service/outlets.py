"""Where news go: channels for people and webhooks for programs, added and removed by Owners, tried out."""

from __future__ import annotations

import secrets as random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from headcount.control import audit, outbox, secrets
from headcount.control.models import Delivery, Outlet
from headcount.control.models.connection import NAME_LENGTH
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.service.delivering import deliver
from headcount.service.sending import Address, channel_service

CHANNEL, WEBHOOK = Outlet.Kind.CHANNEL.value, Outlet.Kind.WEBHOOK.value
MARK = "whsec_"  # what every signing secret begins with
ARRIVED = {  # what can be said of a test that was taken
    CHANNEL: "The test is sent, and was taken. Look whether you see it there.",
    WEBHOOK: "The test is sent, and was answered with success.",
}
TEST_MESSAGE = {
    "title": "Headcount: a test",
    "body": "This is a test. Alerts about syncs will come here.",
    "type": "success",
}


class UnusableAddress(ConfigurationError):
    """The address is not one that messages can be sent to."""


@dataclass(frozen=True, kw_only=True)
class OutletInfo:
    """A channel or webhook as people see it: ``endpoint`` is the part of its address that may be shown. ``waiting``
    messages are on their way, ``failed`` were given up; ``error`` is that of the latest try, empty when it went well.
    Since ``rotated_at`` older secrets sign too.
    """

    id: int
    kind: str
    name: str
    endpoint: str
    events: tuple[str, ...]
    last_sent: datetime | None
    error: str
    waiting: int
    failed: int
    created_at: datetime
    rotated_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class SignedWebhook(OutletInfo):
    """A webhook with a new secret, which signs what is sent to it, for the only time that it can be read."""

    secret: str


def channels() -> tuple[OutletInfo, ...]:
    """All channels, by name."""
    return _listing(Outlet.Kind.CHANNEL)


def webhooks() -> tuple[OutletInfo, ...]:
    """All webhooks, by name."""
    return _listing(Outlet.Kind.WEBHOOK)


@told()
def add_channel(name: str, url: str) -> OutletInfo:
    """Add a channel by its apprise address. Raises ``UnusableAddress`` for one that apprise does not know."""
    setup()
    service = channel_service(url.strip())
    if service is None:
        raise UnusableAddress(
            "Apprise knows no service with such an address, or something is missing in it.",
            hint="It looks like slack://TokenA/TokenB/TokenC/#channel or mailtos://user:password@example.com.",
        )
    return info_of(_add(Outlet.Kind.CHANNEL, name, service, Address(url=url.strip())))


@told()
def add_webhook(name: str, url: str, events: Sequence[str] = ()) -> SignedWebhook:
    """Add a webhook for these events, or for all. Raises ``UnusableAddress`` for what is not http or https."""
    setup()
    shows = _visible(url.strip())
    if unknown := sorted(set(events) - set(outbox.EVENTS)):
        raise ConfigurationError(
            f"There is no event {unknown[0]}.", hint=f"There are: {', '.join(outbox.EVENTS)}."
        )
    address = Address(url=url.strip(), secret=new_secret())
    return signed(_add(Outlet.Kind.WEBHOOK, name, shows, address, events), address)


@told()
def remove(kind: str, number: int) -> str:
    """Remove a channel or webhook with the messages that wait for it, and return its name."""
    row = find_outlet(kind, number)
    with transaction.atomic():
        audit.record("removed", f"{kind} {row.name}")
        row.delete()
    return str(row.name)


@told()
def try_out(kind: str, number: int) -> str:
    """Send a test message now, once. Returns what came of it: empty when it arrived."""
    row = find_outlet(kind, number)
    content = dict(TEST_MESSAGE) if kind == Outlet.Kind.CHANNEL else {"message": "This is a test."}
    message = outbox.post(row, outbox.TEST, content, timezone.now())
    if not deliver(message):
        Delivery.objects.filter(pk=message.pk).update(status=Delivery.Status.FAILED)
    audit.record("tested", f"{kind} {row.name}")
    return str(message.error)


@told()
def find_by_name(kind: str, name: str) -> OutletInfo:
    """Raises ``ConfigurationError`` when there is none of that name."""
    setup()
    row = Outlet.objects.filter(kind=kind, name=name).first()
    if row is None:
        raise ConfigurationError(f"There is no {kind} {name}.", hint=f"headcount {_command(kind)} list")
    return info_of(row)


def _command(kind: str) -> str:
    return "webhooks" if kind == Outlet.Kind.WEBHOOK else "alerts"


@told()
def _listing(kind: str) -> tuple[OutletInfo, ...]:
    setup()
    return tuple(info_of(row) for row in Outlet.objects.filter(kind=kind).order_by("name"))


def find_outlet(kind: str, number: int, rows: QuerySet[Outlet] | None = None) -> Outlet:
    """The row itself, of all or of some. Raises ``ConfigurationError`` when there is none of that number."""
    setup()
    chosen = Outlet.objects.all() if rows is None else rows
    row: Outlet | None = chosen.filter(kind=kind, pk=number).first()
    if row is None:
        raise ConfigurationError(f"There is no such {kind}.", hint="It may have been removed already.")
    return row


def new_secret() -> str:
    """A signing secret."""
    return MARK + random.token_urlsafe(32)


def _add(kind: str, name: str, shows: str, address: Address, events: Sequence[str] = ()) -> Outlet:
    name = name.strip()
    if not name or len(name) > NAME_LENGTH:
        raise ConfigurationError(f"A {kind} needs a name of at most {NAME_LENGTH} characters.")
    kept = secrets.encrypted(address.text())
    try:
        with transaction.atomic():
            row: Outlet = Outlet.objects.create(
                kind=kind, name=name, shows=shows, ciphertext=kept, events=list(events)
            )
            audit.record("added", f"{kind} {name}", {"to": shows, "events": list(events)})
    except IntegrityError:
        raise ConfigurationError(
            f"There is a {kind} {name} already.", hint="Choose another name, or remove that one first."
        ) from None
    return row


def _visible(url: str) -> str:
    """Scheme and host of an address: its path and query may hold tokens."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or any(sign.isspace() for sign in url):
        raise UnusableAddress(
            "A webhook needs the address of a web server.", hint="It begins with https:// or http://"
        )
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"[:300]


def signed(row: Outlet, address: Address) -> SignedWebhook:
    """The webhook with the newest of its secrets."""
    return SignedWebhook(**asdict(info_of(row)), secret=address.secret)


def info_of(row: Outlet) -> OutletInfo:
    """Each number comes from an index; there are a handful of outlets."""
    mine = Delivery.objects.filter(outlet=row).order_by("-id")
    latest = mine.exclude(tries=0).first()
    sent = mine.filter(status=Delivery.Status.SENT).first()
    return OutletInfo(
        id=row.pk,
        kind=row.kind,
        name=row.name,
        endpoint=row.shows,
        events=tuple(row.events),
        last_sent=sent.sent_at if sent else None,
        error=latest.error if latest else "",
        waiting=mine.filter(status=Delivery.Status.WAITING).count(),
        failed=mine.filter(status=Delivery.Status.FAILED).count(),
        created_at=row.created_at,
        rotated_at=row.rotated_at,
    )
