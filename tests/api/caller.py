"""A program that calls the API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

BASE = "/api/v1"


@dataclass(frozen=True, kw_only=True)
class Said:
    """An answer: its status, its body as JSON, its headers, and the text as it came."""

    code: int
    body: Any
    headers: dict[str, str]
    text: str

    @property
    def data(self) -> Any:
        assert self.code == 200, self.text
        return self.body["data"]

    @property
    def fields(self) -> list[str]:
        return [each["field"] for each in self.body["errors"]]


class Caller:
    """Requests with one token; none with an empty one."""

    def __init__(self, token: str = "") -> None:
        self.token = token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False, headers=headers)

    def get(self, path: str, **headers: str) -> Said:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Said:
        return self.ask("POST", path, body, **headers)

    def patch(self, path: str, body: Any) -> Said:
        return self.ask("PATCH", path, body)

    def delete(self, path: str) -> Said:
        return self.ask("DELETE", path)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Said:
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.client.generic(
            method, BASE + path, data, content_type="application/json", headers=headers or None
        )
        text = b"".join(answer) if answer.streaming else answer.content
        kind = answer.headers.get("Content-Type", "")
        return Said(
            code=answer.status_code,
            body=json.loads(text) if kind.startswith("application/json") else None,
            headers=dict(answer.headers),
            text=text.decode(),
        )
