"""The outbox emptied: at least once, each message tried again with growing pauses, each outlet for itself."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from headcount.control import audit, outbox, secrets
from headcount.control.alerts import telling
from headcount.control.models import Delivery, Outlet
from headcount.control.setup import close, setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError, HeadcountError
from headcount.logs import Event, note
from headcount.service.sending import Address, NotSent, notify_channel, request_webhook

SENDERS = 4  # outlets that are served at a time: one that does not answer must not keep the others waiting
KEEP = timedelta(days=30)
AT_ONCE = 500  # messages deleted in one transaction: writers must not wait long


@dataclass(frozen=True, kw_only=True)
class DeliveryInfo:
    """A message as people see it: what it was about, and what became of it."""

    id: int
    uid: str
    outlet: str
    event: str
    sync: str
    run: int | None
    status: str
    tries: int
    error: str
    created_at: datetime
    sent_at: datetime | None
    due_at: datetime | None  # of the next try


@told()
def watch(now: datetime) -> None:
    """Look for runs that are late or take long; what is found is put into the outbox."""
    setup()
    telling.look(now)


@told()
def send_due(*, stopping: Callable[[], bool] = lambda: False) -> int:
    """Send what is due, and return how much of it arrived. Others may do so at the same time."""
    setup()
    outlets = outbox.due_outlets(timezone.now())
    if not outlets:
        return 0
    with ThreadPoolExecutor(SENDERS, thread_name_prefix="headcount-post") as pool:
        return sum(pool.map(lambda outlet: _serve(outlet, stopping), outlets))


def _serve(outlet: int, stopping: Callable[[], bool]) -> int:
    """Stops at the first message that does not arrive: the next ones would not either."""
    count = 0
    try:
        with told():
            for message in outbox.due(outlet, timezone.now()):
                if stopping() or not deliver(message):
                    break
                count += 1
    finally:
        close()
    return count


def deliver(message: Delivery) -> bool:
    """Try once, unless somebody else does; what came of it is stored, also in ``message``."""
    if not outbox.take(message, timezone.now()):
        return False
    trouble = _tried(message)
    if trouble:
        outbox.refused(message, trouble[:300], timezone.now())
        _note(Event.MESSAGE_REFUSED, message, reason=trouble)
        return False
    outbox.sent(message, timezone.now())
    _note(Event.MESSAGE_SENT, message)
    return True


def _tried(message: Delivery) -> str:
    """What went wrong; empty when it arrived."""
    if message.tries > outbox.TRIES:
        return "Whoever sent it came to an end before it could tell what became of it, each time."
    try:
        _send(message)
    except NotSent as error:
        return str(error)
    except Exception as error:  # a bug; its words may quote an address
        return f"Headcount came upon something it did not expect ({type(error).__name__})."
    return ""


def _send(message: Delivery) -> None:
    try:
        address = Address.parse(secrets.decrypted(message.outlet.ciphertext))
    except HeadcountError as error:
        raise NotSent(error.message) from None
    if message.outlet.kind == Outlet.Kind.WEBHOOK:
        request_webhook(address, message.event, message.uid, message.body)
    else:
        notify_channel(address, message.body)


def _note(event: Event, message: Delivery, **more: Any) -> None:
    note(event, message=message.uid, about=message.event, tries=message.tries, **more)


@told()
def deliveries(kind: str, *, outlet: int | None = None, limit: int = 50) -> tuple[DeliveryInfo, ...]:
    """The latest messages to channels or webhooks, or to one of them."""
    setup()
    rows = Delivery.objects.filter(outlet__kind=kind).select_related("outlet").order_by("-id")
    return tuple(_info(row) for row in (rows.filter(outlet=outlet) if outlet else rows)[:limit])


@told()
def replay(uid: str) -> DeliveryInfo:
    """Send a webhook's message once more, with the same number. Raises ``ConfigurationError`` for an unknown one."""
    setup()
    row = Delivery.objects.select_related("outlet").filter(uid=uid, outlet__kind=Outlet.Kind.WEBHOOK).first()
    if row is None:
        raise ConfigurationError(
            f"There is no delivery {uid}.", hint="headcount webhooks list --deliveries shows the latest."
        )
    outbox.again(row, timezone.now())
    audit.record("replayed", f"delivery {uid}", {"to": row.outlet.name, "event": row.event})
    return _info(row)


@told()
def forget_old_messages(keep: timedelta = KEEP) -> int:
    """Delete what was sent or given up so long ago, and return how much."""
    setup()
    old = Delivery.objects.filter(created_at__lt=timezone.now() - keep).exclude(
        status=Delivery.Status.WAITING
    )
    count = 0
    while some := list(old.order_by("id").values_list("id", flat=True)[:AT_ONCE]):
        count += Delivery.objects.filter(id__in=some).delete()[0]
    return count


def _info(row: Delivery) -> DeliveryInfo:
    return DeliveryInfo(
        id=row.pk,
        uid=row.uid,
        outlet=row.outlet.name,
        event=row.event,
        sync=row.sync,
        run=row.run_id,
        status=row.status,
        tries=row.tries,
        error=row.error,
        created_at=row.created_at,
        sent_at=row.sent_at,
        due_at=row.due_at if row.status == Delivery.Status.WAITING else None,
    )
