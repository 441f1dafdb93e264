"""What the last deed came to, told on the next page."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

_KEPT = "said"


@dataclass(frozen=True)
class Line:
    """One sentence; ``signal`` is ok, attention or failed."""

    text: str
    signal: str = "ok"


def tell(request: HttpRequest, text: str, signal: str = "ok") -> None:
    """Keep a sentence for the next page that this person sees."""
    request.session[_KEPT] = [*request.session.get(_KEPT, []), [text, signal]]


def heard(request: HttpRequest) -> tuple[Line, ...]:
    """What was kept, once."""
    session = getattr(request, "session", None)
    lines = session.pop(_KEPT, []) if session is not None and _KEPT in session else []
    return tuple(Line(text, signal) for text, signal in lines)
