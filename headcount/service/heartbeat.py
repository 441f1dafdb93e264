"""Whether a worker looks at the control store now and then."""

from __future__ import annotations

from datetime import datetime, timedelta

from headcount.control.models import Setting
from headcount.control.trouble import told

SETTING = "worker seen at"
LATELY = timedelta(
    seconds=60
)  # several of the pauses between two beats, so that a slow machine is not called dead


@told()
def beat(now: datetime) -> None:
    """A worker is here, at this moment. ``now`` has a zone."""
    Setting.objects.update_or_create(name=SETTING, defaults={"value": now.isoformat()})


@told()
def last_beat() -> datetime | None:
    """When a worker was last here; None when none ever was."""
    value = Setting.objects.filter(name=SETTING).values_list("value", flat=True).first()
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def worker_seen(now: datetime) -> bool:
    """Was a worker of this control store here within the last minute?"""
    last = last_beat()
    return last is not None and now - last < LATELY
