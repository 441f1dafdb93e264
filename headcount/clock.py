"""How much time has passed, whatever is done to the clock on the wall."""

from __future__ import annotations

import time


def seconds() -> float:
    """Monotonic, and not standing still while the machine sleeps, where the system has such a clock."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
