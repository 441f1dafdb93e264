"""uvicorn's HTTP protocol, with the connection itself within reach: faults close it in mid-answer."""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class SandboxProtocol(HttpToolsProtocol):
    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["extensions"] = {"sandbox.transport": self.transport}
