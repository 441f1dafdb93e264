"""Steps of forms that are not saved yet: what one person typed, kept for a day, encrypted, for them alone."""

from __future__ import annotations

import secrets
import zlib
from base64 import b85decode, b85encode
from datetime import UTC, datetime, timedelta

from headcount.control.models import FormStep
from headcount.control.secrets import seal, unseal
from headcount.control.setup import setup
from headcount.control.trouble import told

KEPT = timedelta(days=1)
_SECONDS = int(KEPT.total_seconds())
MOST = 50  # of one person; the oldest go first
SIZE = 1_000_000  # characters of all of them, as they are kept
LARGEST = SIZE // 4  # of one: it must not drive out all others


@told()
def keep_step(person: int, *, address: str, form: str, trail: str = "") -> str | None:
    """Keep a form that was sent to ``address``, and return the name of the step. None for one that is too large to be
    kept. ``person`` is who sent it; ``trail`` is the same for all steps of one form.
    """
    setup()
    packed = b85encode(zlib.compress(form.encode())).decode()
    sealed = seal({"address": address, "form": packed})
    if len(sealed) > LARGEST:
        return None
    row = FormStep.objects.create(
        name=secrets.token_hex(8), person_id=person, trail=trail[:16], sealed=sealed, size=len(sealed)
    )
    _make_room(person)
    return row.name


@told()
def kept_step(person: int, name: str, *, address: str) -> str | None:
    """The form of a step that this person made at this address; None when it is not there, or not any more."""
    setup()
    row = FormStep.objects.filter(person_id=person, name=name).first()
    found = unseal(row.sealed, seconds=_SECONDS) if row is not None else {}
    if found.get("address") != address:
        return None
    return zlib.decompress(b85decode(found["form"])).decode()


@told()
def note_count(person: int, name: str, text: str) -> None:
    """Keep what the page of a step has counted, with the step; nothing when there is none of this name."""
    setup()
    FormStep.objects.filter(person_id=person, name=name).update(counted=seal({"counted": text}))


@told()
def kept_count(person: int, name: str) -> str:
    """What was noted; empty when nothing was."""
    setup()
    row = FormStep.objects.filter(person_id=person, name=name).exclude(counted="").first()
    return unseal(row.counted, seconds=_SECONDS).get("counted", "") if row is not None else ""


@told()
def forget_steps(person: int, trail: str) -> None:
    """Delete the steps of one form of a person."""
    setup()
    FormStep.objects.filter(person_id=person, trail=trail).exclude(trail="").delete()


@told()
def forget_old_steps() -> None:
    """Delete what is older than a day, whoever made it."""
    setup()
    FormStep.objects.filter(created_at__lt=datetime.now(UTC) - KEPT).delete()


def _make_room(person: int) -> None:
    """Delete the oldest steps of a person that has too many. Steps that were made meanwhile are newer, and stay."""
    forget_old_steps()
    mine = FormStep.objects.filter(person_id=person)
    size = oldest = 0
    for number, characters in mine.order_by("-id").values_list("id", "size")[:MOST]:
        size += characters
        if size > SIZE:
            break
        oldest = number
    mine.filter(id__lt=oldest).delete()
