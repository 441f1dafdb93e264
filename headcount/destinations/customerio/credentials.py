"""The keys of a workspace: kept out of sight, and told apart when they were pasted into the wrong box."""

from __future__ import annotations

import re
from base64 import b64encode

from headcount.errors import ConfigurationError

WHERE = "https://fly.customer.io/settings/api_credentials"
FIND_TRACKING = f"Find Site ID and API Key under Tracking API Keys at {WHERE}."
FIND_APP = f"Create an App API Key at {WHERE}?keyType=app; it is shown only once."


class Credentials:
    """Site ID and Tracking API Key, and perhaps an App API Key. No value of theirs is ever printed."""

    def __init__(self, site_id: str, api_key: str, app_api_key: str | None = None) -> None:
        self._site_id = _checked("Site ID", site_id, FIND_TRACKING)
        self._api_key = _checked("API Key", api_key, FIND_TRACKING)
        app = (app_api_key or "").strip()
        self._app_api_key = _checked("App API Key", app, FIND_APP) if app else None

    def __repr__(self) -> str:
        return f"<Credentials app={self.reads}>"

    @property
    def reads(self) -> bool:
        """Is there a key that may read?"""
        return self._app_api_key is not None

    @property
    def tracking(self) -> str:
        """The ``Authorization`` header for the Track API."""
        return "Basic " + b64encode(f"{self._site_id}:{self._api_key}".encode()).decode()

    @property
    def app(self) -> str:
        """The ``Authorization`` header for the App API."""
        return f"Bearer {self._app_api_key}"

    def advice(self) -> str:
        """What to try when Site ID and API Key were refused: a guess from their shapes, and where keys are
        found.
        """
        return f"{self._guess()} {FIND_TRACKING}".strip()

    def app_advice(self) -> str:
        """What to try when the App API Key was refused."""
        if self._app_api_key == self._api_key or _hex(20, self._app_api_key or ""):
            return f"This looks like a Tracking API Key, which cannot read. {FIND_APP}"
        return f"If the key has an IP allowlist, this machine must be on it. {FIND_APP}"

    def _guess(self) -> str:
        pair = (self._site_id, self._api_key)
        if any(value.lower().startswith(("basic ", "bearer ")) for value in pair):
            return "Paste the bare Site ID and API Key, not an Authorization header."
        if self._site_id == self._api_key:
            return "Site ID and API Key are the same text; they are two different ones."
        if self._api_key == self._app_api_key or any(_hex(32, value) for value in pair):
            return "One of them looks like an App API Key, which cannot write; a Tracking API Key is needed."
        if any(value.startswith("sa_") for value in pair):
            return "One of them looks like a service account token; a Tracking API Key is needed."
        return "They must belong together and must not have been revoked."


def _checked(name: str, value: str, hint: str) -> str:
    """The value without white space around it. The message never shows it."""
    text = value.strip()
    if not text:
        raise ConfigurationError(f"The {name} is empty.", hint=hint)
    # Control characters would end up in a header, and the HTTP library's complaint about them quotes the key.
    if not text.isascii() or not text.isprintable() or (name == "App API Key" and " " in text):
        raise ConfigurationError(
            f"The {name} contains characters that no key has.", hint=f"Paste it again. {hint}"
        )
    return text


def _hex(length: int, value: str) -> bool:
    return re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", value) is not None
