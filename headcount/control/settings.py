"""Django's settings for whoever only needs the control store: the command line, a notebook.

``headcount.serving.settings`` adds what pages need. Which database is meant depends on the home;
``headcount.control.setup`` fills that in.
"""

from __future__ import annotations

INSTALLED_APPS = ["headcount.control"]
DATABASES: dict[str, dict[str, str]] = {}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "control.User"
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
LOGGING_CONFIG = None  # the command decides what is logged
