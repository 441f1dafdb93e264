"""What every page shows around its content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from headcount import __version__
from headcount.control.models import User
from headcount.service.roles import Deed, may
from headcount.web.said import heard


class Unknown(AnonymousUser):
    """Whoever asks while the control store cannot say who that is. The page about that asks nothing more of it."""


@dataclass(frozen=True)
class Entry:
    """One entry of the navigation."""

    label: str
    route: str  # the name of its page
    below: str  # addresses that begin like this belong to it


NAVIGATION = (
    Entry("Home", "home", "/"),
    Entry("Syncs", "syncs", "/syncs"),
    Entry("Models", "models", "/models"),
    Entry("Connections", "connections", "/connections"),
    Entry("Activity", "activity", "/activity"),
    Entry("Settings", "settings", "/settings"),
)


def _place(request: HttpRequest) -> str:
    """Runs have addresses of their own, and belong to syncs."""
    return "/syncs" if request.path.startswith("/runs") else request.path


def frame(request: HttpRequest) -> dict[str, Any]:
    """For templates: the navigation, who is signed in, and what they may do (``may.edit`` and so on)."""
    user = getattr(request, "user", None)
    role = user.role if isinstance(user, User) else None
    known = user is not None and not isinstance(user, Unknown)
    place = _place(request)
    current = next((e.route for e in NAVIGATION if place == e.below or place.startswith(f"{e.below}/")), "")
    return {
        "navigation": NAVIGATION if role else (),
        "current": current,
        "user": user,
        "known": known,
        "version": __version__,
        "said": heard(request) if known else (),
        "may": {deed.name.lower(): role is not None and may(role, deed) for deed in Deed},
    }
