"""How a connection is set up over which only short statements go. Apart from the driver, which takes long to import."""

from __future__ import annotations

from typing import Any

# Nothing says that a network was cut; the system would try for a quarter of an hour.
BRIEF: dict[str, Any] = {
    "tcp_user_timeout": 10_000,  # milliseconds
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}
