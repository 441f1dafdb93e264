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
        if b"\\u0000" in request.body:
            raise ValueError("NUL")
        return cast(dict[str, Any], body)
