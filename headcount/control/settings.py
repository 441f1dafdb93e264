"""Django's settings. Import ``headcount.control.setup`` instead of this: it decides which home is meant."""

from __future__ import annotations

from headcount.control.database import databases

INSTALLED_APPS = ["headcount.control"]
DATABASES = databases()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LOGGING_CONFIG = None  # the command decides what is logged
