"""The secrets that sign what a webhook is sent: a new one beside the older, so that no message goes unrecognised while
its receiver learns the new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from headcount.control import audit, secrets
from headcount.control.models import Outlet
from headcount.control.trouble import told
from headcount.errors import ConfigurationError
from headcount.service.outlets import (
    WEBHOOK,
    OutletInfo,
    SignedWebhook,
    find_outlet,
    info_of,
    new_secret,
    signed,
)
from headcount.service.sending import Address

MOST = 4  # secrets at a time: each makes the header of every request longer


@told()
def rotate(number: int) -> SignedWebhook:
    """Give a webhook a new secret. From now on messages are signed with it and with the older ones, until ``retire``.

    Raises ``ConfigurationError`` when there are ``MOST`` already.
    """
    with _of(number) as (row, address):
        if len(address.secrets) >= MOST:
            raise ConfigurationError(
                f"The webhook {row.name} has {MOST} secrets already.",
                hint="Let its receiver go by the newest, and retire the older ones first.",
            )
        fresh = Address(url=address.url, secret=new_secret(), older=address.secrets)
        _keep(row, fresh, "rotated")
    return signed(row, fresh)


@told()
def retire(number: int) -> OutletInfo:
    """Sign with the newest secret alone, once the receiver goes by it."""
    with _of(number) as (row, address):
        if address.older:
            _keep(row, replace(address, older=()), "retired")
    return info_of(row)


@contextmanager
def _of(number: int) -> Iterator[tuple[Outlet, Address]]:
    """The webhook, which nobody else changes meanwhile. Raises ``ConfigurationError`` for one that is not there."""
    with transaction.atomic():
        row = find_outlet(WEBHOOK, number, Outlet.objects.select_for_update())
        yield row, Address.parse(secrets.decrypted(row.ciphertext))


def _keep(row: Outlet, address: Address, what: str) -> None:
    row.ciphertext = secrets.encrypted(address.text())
    row.rotated_at = timezone.now() if address.older else None
    row.save(update_fields=["ciphertext", "rotated_at"])
    audit.record(what, f"webhook {row.name}")
