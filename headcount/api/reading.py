"""Bodies as JSON, stricter than Python reads it: what no database could keep is refused at the door."""

from __future__ import annotations

from typing import Any, cast

import orjson
from django.http import HttpRequest
from ninja.parser import Parser


class StrictParser(Parser):
    """No NaN, no lone surrogates, no NUL characters, no nesting without end."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        body = orjson.loads(request.body)
        if b"\\u0000" in request.body and _holds_nul(body):
            raise ValueError("NUL")
        return cast(dict[str, Any], body)


def _holds_nul(body: Any) -> bool:
    """Is there a NUL in any text? The same six characters may be a backslash of SQL, escaped, and its neighbours."""
    waiting = [body]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str) and "\0" in value:
            return True
        if isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value
    return False
