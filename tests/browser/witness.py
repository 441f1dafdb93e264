"""What a browser noticed besides what it shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request

HERE = ("127.0.0.1", "")  # data: has no host


@dataclass(kw_only=True)
class Witness:
    """``complaints`` are errors and warnings of scripts, styles and policies; ``strangers`` are requests to other
    machines. A page that answers with 4xx on purpose is no complaint. (Playwright writes into it: not frozen.)
    """

    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._heard)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "responded with a status of 4" not in message.text:
            self.complaints.append(f"{message.type}: {message.text} ({message.location['url']})")

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in (*HERE, None):
            self.strangers.append(request.url)

    def swear(self) -> None:
        assert not self.complaints, self.complaints
        assert not self.strangers, self.strangers
