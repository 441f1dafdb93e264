"""Whether a worker looks at the control store now and then."""

from __future__ import annotations

from datetime import datetime, timedelta

from headcount.control import secrets
from headcount.control.models import Setting
from headcount.control.trouble import told

SETTING = "worker seen at"
KEYS = "worker with keys "  # and their fingerprints: one setting for all workers that have the same ones
MOST = 4  # keys that are told; nobody needs more than two
LATELY = timedelta(
    seconds=60
)  # several of the pauses between two beats, so that a slow machine is not called dead


@told()
def beat(now: datetime) -> None:
    """A worker is here, at this moment. ``now`` has a zone. Of keys in HEADCOUNT_SECRET_KEY it says which it has."""
    seen = {"value": now.isoformat()}
    Setting.objects.update_or_create(name=SETTING, defaults=seen)
    if keys := secrets.fingerprints():
        Setting.objects.update_or_create(name=KEYS + " ".join(keys[:MOST]), defaults=seen)


@told()
def last_beat() -> datetime | None:
    """When a worker was last here; None when none ever was."""
    value = Setting.objects.filter(name=SETTING).values_list("value", flat=True).first()
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def worker_seen(now: datetime) -> bool:
    """Was a worker of this control store here within the last minute?"""
    last = last_beat()
    return last is not None and now - last < LATELY


@told()
def all_can_read(key: str, now: datetime) -> bool:
    """Has every worker of the last minute the key with this fingerprint? Forgets what older ones had."""
    had = Setting.objects.filter(name__startswith=KEYS)
    old = [each.pk for each in had if now - datetime.fromisoformat(each.value) >= LATELY]
    Setting.objects.filter(pk__in=old).delete()
    return all(key in each.name.removeprefix(KEYS).split() for each in had.all())
