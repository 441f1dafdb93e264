"""The names of cookies. Browsers send a cookie to every port of a machine, so two homes must not share a name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from headcount.control.database import postgresql_url
from headcount.home import Home

SESSION = "headcount_session"
CSRF = "headcount_csrf"
_KEY = re.compile("[a-z0-9]{1,40}")


class OnlyOurs:
    """A session's cookie that Headcount cannot have made counts as none: not every database could look it up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _KEY.fullmatch(request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")):
            request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
        return self.get_response(request)


def load(home: Home) -> None:
    """Let Django name its cookies after the present home, whose control store must be there."""
    mark = _mark(home)
    settings.SESSION_COOKIE_NAME = f"{SESSION}_{mark}"
    settings.CSRF_COOKIE_NAME = f"{CSRF}_{mark}"


def _mark(home: Home) -> str:
    """The same after every restart and every new key, and on every machine of one PostgreSQL store. A copy of a home
    has another one, for it is in another folder.
    """
    place = "" if postgresql_url() else str(home.root)
    return hashlib.sha256(f"{_made_at()} {place}".encode()).hexdigest()[:8]


def _made_at() -> str:
    """When the control store was made, to the microsecond."""
    from django.db.migrations.recorder import MigrationRecorder

    first = MigrationRecorder.Migration.objects.filter(app="control", name__startswith="0001").first()
    return first.applied.isoformat() if first else ""
