"""Django's settings, as far as they are the same for every home."""

from __future__ import annotations

INSTALLED_APPS = ["headcount.control"]
DATABASES: dict[str, dict[str, str]] = {}  # headcount.control.setup knows which home is meant
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LOGGING_CONFIG = None  # the command decides what is logged
