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


def load(home: Home, *, made_anew: bool = False) -> None:
    """Let Django name its cookies after the present home, whose control store must be there. ``made_anew`` says that
    it takes the place of others that are gone: it takes their cookies' names, too, or browsers would gather them.
    """
    mark = _mark(home, "" if made_anew else _made_at())
    settings.SESSION_COOKIE_NAME = f"{SESSION}_{mark}"
    settings.CSRF_COOKIE_NAME = f"{CSRF}_{mark}"


def _mark(home: Home, made_at: str) -> str:
    """The same after every restart and every new key, and on every machine of one PostgreSQL store. A copy of a home
    has another one, for it is in another folder; so have homes in one folder of two containers, made at two times.
    """
    place = "" if postgresql_url() else str(home.root)
    return hashlib.sha256(f"{made_at} {place}".encode()).hexdigest()[:8]


def _made_at() -> str:
    """When the control store was made, to the microsecond."""
    from django.db.migrations.recorder import MigrationRecorder

    first = MigrationRecorder.Migration.objects.filter(app="control", name__startswith="0001").first()
    return first.applied.isoformat() if first else ""
