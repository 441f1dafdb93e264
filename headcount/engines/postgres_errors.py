"""What PostgreSQL and its driver say, in our words: no password, no row value."""

from __future__ import annotations

import re

from headcount.engines.masking import masked
from headcount.errors import NoSuchRelation, SourceError, SourceUnavailable

PREFIX = re.compile(r"^.*?(?:ERROR|FATAL):\s+", re.DOTALL)
DRIVER = re.compile(r"^.*?\[libpq\] (?:Failed to connect: )?", re.DOTALL)
STATE = re.compile(r"SQLSTATE: ?(\w{5})")
MISSING = "42P01"
HINTS = {
    MISSING: "Look at the tables and views the connection has; name the schema if the search path lacks it.",
    "42703": "Look at the columns of the table.",
    "42501": "Grant the connection's user SELECT on it, as the manual shows.",
    "25006": "A model's SQL is one SELECT that changes nothing.",
    "40001": "A standby dropped the rows being read: run again, or set hot_standby_feedback there.",
    "57014": "Someone, or statement_timeout, stopped the query.",
    "57P01": "The server is being stopped or restarted: run again.",
}
REACH = "Check host, port and TLS mode, and that the server admits this machine."
SIGN_IN = "Check user and password, and the server's pg_hba.conf."
# A server that answers is reached: what its refusal names is what to check.
NAMED = (
    (re.compile(r'^database ".*" does not exist'), "Check the connection's database."),
    (re.compile(r'^role ".*" does not exist'), SIGN_IN),
    (re.compile(r"^permission denied for database "), "Grant the connection's user CONNECT on it."),
)
# What may be over soon. Before there is a session the driver has no SQLSTATE, only words: libpq's and the server's.
PASSING_STATES = ("08", "53300", "57P01", "57P02", "57P03", "40001", "40P01")
PASSING_WORDS = (
    "Connection refused",
    "No such file or directory",  # of the server's socket
    "timeout expired",
    "timed out",
    "onnection reset",
    "closed the connection",
    "EOF detected",
    "no connection to the server",
    "could not receive data",
    "could not send data",
    "No route to host",
    "Network is unreachable",
    "Temporary failure in name resolution",
    "is starting up",
    "is shutting down",
    "in recovery mode",
    "accepting connections",
    "terminating connection",
    "too many c",  # too many clients already; too many connections for role …
    "remaining connection slots",
)
SPOKEN_OF_SQL = ("42", "25", "57", "3D", "40")  # SQLSTATE classes whose messages quote names, never values


def failure(error: Exception) -> SourceError:
    """For what goes wrong once connected."""
    named = STATE.search(str(error))  # in the middle of a stream the state stands in the message only
    state = getattr(error, "sqlstate", None) or (named[1] if named else "")
    words = PREFIX.sub("", str(error))
    line = (words.strip().splitlines() or ["no message"])[0].rstrip(".")
    if not state.startswith(SPOKEN_OF_SQL):
        line = masked(line)
    passing = state.startswith(PASSING_STATES) if state else _passing(str(error))
    kind = SourceUnavailable if passing else NoSuchRelation if state == MISSING else SourceError
    if not state and "ERROR: " not in str(error):
        return kind(f"The connection to PostgreSQL failed: {line}.", hint=REACH)
    return kind(f"PostgreSQL says: {line}.", hint=HINTS.get(state, ""))


def connect_failure(error: Exception, secret: str) -> SourceError:
    """For what goes wrong while connecting. libpq quotes parts of an address that it cannot read."""
    words = str(error)
    if (
        "connection option" in words
        or "connection string" in words
        or "URI" in words
        or "percent-encoded" in words
    ):
        return SourceError(
            "The address of the PostgreSQL connection cannot be read.", hint="Check its fields or URL."
        )
    if secret:
        words = words.replace(secret, "…")
    words = DRIVER.sub("", words).split("failed: ", 1)[-1]
    line = PREFIX.sub("", (words.strip().splitlines() or ["no message"])[0]).rstrip(".")
    wrong_person = "authentication failed" in words or "pg_hba" in words or "no password supplied" in words
    kind = SourceUnavailable if _passing(words) and not wrong_person else SourceError
    if wrong_person or "FATAL: " in words:
        named = next((hint for said, hint in NAMED if said.match(line)), "")
        return kind(f"PostgreSQL refuses the connection: {line}.", hint=SIGN_IN if wrong_person else named)
    return kind(f"PostgreSQL cannot be reached: {line}.", hint=REACH)


def _passing(words: str) -> bool:
    return any(sign in words for sign in PASSING_WORDS)
