"""How the answers to a batch are read: the only place that knows statuses and the shapes of error bodies."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from headcount.destinations.base import Answer, ItemError, Verdict
from headcount.destinations.customerio.transport import Reply
from headcount.errors import CredentialsRefused, DestinationError, TransientError

ABOUT_THE_DATA = (400, 409, 422)
LONGEST_PAUSE = 300.0  # seconds; a longer wish of the other side is cut to this
UNASKED_PAUSE = 1.0  # seconds of pause after a 429 that names none
UNREADABLE = object()


def batch_answer(reply: Reply, count: int, advice: str = "") -> Answer:
    """What ``reply`` says about a batch of ``count`` items. Raises what ``Client.send`` raises."""
    if 200 <= reply.status < 300:
        return _taken(reply, count)
    if reply.status in ABOUT_THE_DATA:
        return _refused(reply, count)
    if reply.status == 413:
        return Answer(verdict=Verdict.TOO_LARGE, status=413, errors=_unplaced(parsed(reply.body)))
    raise_for(reply, advice)
    raise DestinationError(f"Customer.io answered with the unexpected status {reply.status}.")


def raise_for(reply: Reply, advice: str = "") -> None:
    """Raise for the statuses that mean the same on every path; return for the others."""
    status = reply.status
    if status in (401, 403):
        raise CredentialsRefused(f"Customer.io refused the credentials ({status}).", hint=advice)
    if status == 429:
        pause = pause_asked(reply.headers)
        asked = UNASKED_PAUSE if pause is None else pause
        raise TransientError("Customer.io asks for a pause (429).", applied=False, retry_after=asked)
    if status == 408 or status >= 500:
        raise TransientError(
            f"Customer.io answered {status}.", applied=True, retry_after=pause_asked(reply.headers)
        )
    if not 200 <= status < 300 and status not in (*ABOUT_THE_DATA, 413):
        raise DestinationError(f"The answer was {status}, which no retry mends.", hint=_address_hint(status))


def _address_hint(status: int) -> str:
    astray = status < 400 or status in (404, 405, 410)
    return "Check the base URL: it is the host alone, without /api/v2." if astray else ""


def parsed(body: bytes) -> Any:
    """The JSON document in ``body``, or ``UNREADABLE``."""
    try:
        return orjson.loads(body)
    except ValueError:
        pass
    try:  # lone surrogates and huge numbers are rare, but no reason to lose an answer
        return json.loads(body)
    except (ValueError, RecursionError):
        return UNREADABLE


def pause_asked(headers: Mapping[str, str]) -> float | None:
    """Seconds of ``Retry-After``, which is a number or a date; None when absent or not understood."""
    text = (headers.get("Retry-After") or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = _until(text)
    return min(max(seconds, 0.0), LONGEST_PAUSE) if math.isfinite(seconds) else None


def _until(text: str) -> float:
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return math.nan
    return (then.replace(tzinfo=then.tzinfo or UTC) - datetime.now(UTC)).total_seconds()


def _taken(reply: Reply, count: int) -> Answer:
    document = parsed(reply.body)
    if not isinstance(document, dict):
        raise TransientError(f"A {reply.status} came without a readable body.", applied=True)
    errors = document.get("errors")
    complaint = bool(errors) or bool(_meta(document)) or reply.status == 207
    if not complaint and errors in (None, []):
        return Answer(verdict=Verdict.TAKEN, status=reply.status)
    placed = _placed(errors, count)
    if placed is None:
        return Answer(verdict=Verdict.UNATTRIBUTABLE, status=reply.status, errors=_unplaced(document))
    return Answer(verdict=Verdict.TAKEN, status=reply.status, errors=placed)


def _refused(reply: Reply, count: int) -> Answer:
    document = parsed(reply.body)
    errors = document.get("errors") if isinstance(document, dict) else None
    placed = _placed(errors, count)
    return Answer(
        verdict=Verdict.REFUSED,
        status=reply.status,
        errors=_unplaced(document) if placed is None else placed,
    )


def _placed(errors: Any, count: int) -> tuple[ItemError, ...] | None:
    """One error per index, in the order of the indexes; None when any of them cannot be trusted."""
    if not isinstance(errors, list) or not errors:
        return None
    found: dict[int, list[Any]] = {}
    for error in errors:
        index = 0 if count == 1 else _index(error, count)
        if index is None:
            return None
        found.setdefault(index, []).append(error)
    return tuple(_joined(index, found[index]) for index in sorted(found))


def _index(error: Any, count: int) -> int | None:
    index = error.get("batch_index") if isinstance(error, dict) else None
    if not isinstance(index, int) or isinstance(index, bool):  # True would pass for 1
        return None
    return index if 0 <= index < count else None


def _unplaced(document: Any) -> tuple[ItemError, ...]:
    """Everything the answer says, as one error that belongs to no item."""
    errors = document.get("errors") if isinstance(document, dict) else None
    said = errors if isinstance(errors, list) else [errors] if errors else []
    said = said or (_meta(document) if isinstance(document, dict) else [])
    return (_joined(None, said),) if said else ()


def _meta(document: dict[str, Any]) -> list[Any]:
    """The older error shapes: ``{"meta": {"error": "…"}}`` and ``{"meta": {"errors": ["…"]}}``."""
    meta = document.get("meta")
    said = (meta.get("error") or meta.get("errors")) if isinstance(meta, dict) else None
    return said if isinstance(said, list) else [said] if said else []


def _joined(index: int | None, errors: list[Any]) -> ItemError:
    """Several errors as one: the first reason and field, and every message once."""
    tables = [error for error in errors if isinstance(error, dict)]
    messages = dict.fromkeys(filter(None, (_message(error) for error in errors)))
    return ItemError(
        index=index,
        reason=next(filter(None, (_text(table.get("reason")) for table in tables)), ""),
        field=next(filter(None, (_text(table.get("field")) for table in tables)), ""),
        message="; ".join(messages),
    )


def _message(error: Any) -> str:
    if isinstance(error, dict):
        return _text(error.get("message")) or _text(error.get("detail"))
    return _text(error)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
