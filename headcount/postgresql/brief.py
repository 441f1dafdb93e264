"""How a connection is set up over which only short statements go. Apart from the driver, which takes long to import."""

from __future__ import annotations

from typing import Any

IDLE = 20  # seconds in which nothing happens in a transaction, after which the server ends it

# Nothing says that a network was cut; the system would try for a quarter of an hour. Nor does the server hear of it,
# and the rows that the lost session had locked would stay locked for as long, or for two hours if it had said all.
WATCHED = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=2"
BRIEF: dict[str, Any] = {
    "tcp_user_timeout": 10_000,  # milliseconds
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "options": f"{WATCHED} -c tcp_user_timeout=20s -c idle_in_transaction_session_timeout={IDLE}s",
}
