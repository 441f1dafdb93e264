"""The WSGI application of one home."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from headcount.control.setup import configure, migrate_everything, setup
from headcount.control.trouble import told

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def application(hosts: Iterable[str] = (), *, made_anew: bool = False, sandbox: str = "") -> Application:
    """The application, with the control store ready. ``hosts`` are the names it answers to besides this machine's.
    ``made_anew``: the home takes the place of one that is gone. ``sandbox`` is the address of the
    sandbox that was started with it, which new connections begin with.

    Raises ``StateError`` when the home cannot be used.
    """
    configure("headcount.serving.settings")
    home = setup()
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    from headcount.control import signing
    from headcount.serving import cookies

    with told():
        migrate_everything(home)
        cookies.load(home, made_anew=made_anew)
    signing.load()

    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *_reached_by(settings.PUBLIC_URL), *hosts]
    settings.SANDBOX_URL = sandbox
    made: Application = get_wsgi_application()
    return made


def _reached_by(public_url: str) -> list[str]:
    """The name that HEADCOUNT_PUBLIC_URL holds."""
    host = urlsplit(public_url).hostname
    return [host] if host else []
