"""The browser that tests and pictures are made with."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 60_000  # milliseconds; a page is there in a few, on a machine that does nothing else


def launched(playwright: Playwright) -> Browser:
    """The system's browser, or Playwright's own. Without one: a reason, and in continuous integration a failure."""
    own = Path(playwright.chromium.executable_path)
    path = next((found for name in NAMES if (found := shutil.which(name))), str(own) if own.exists() else "")
    if not path:
        missing = "There is no Chromium: install the package chromium, or run: playwright install chromium"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return playwright.chromium.launch(executable_path=path, args=SWITCHES)
