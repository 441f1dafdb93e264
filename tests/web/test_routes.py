"""Every address with every role, and with nobody: only what its mark allows is let through."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver

from headcount.control.models import Role, User
from headcount.control.setup import close
from headcount.service.roles import Deed, may
from headcount.serving.application import application
from headcount.web.headers import HEADERS
from tests.web.conftest import PASSWORD, Visit

OPEN, LOOK, OWN = "open", (Deed.LOOK, Deed.LOOK), (Deed.OWN, Deed.OWN)

# What must never change by accident: who may see and do what in matters of access. (look, send)
MARKS = {
    "sign-in": OPEN,
    "sign-out": OPEN,
    "welcome-first": OPEN,
    "welcome": OPEN,
    "alive": OPEN,
    "ready": OPEN,
    "metrics": OPEN,  # asks for a token itself
    "settings": LOOK,
    "settings-password": LOOK,
    "settings-tokens": LOOK,
    "settings-token-revoke": LOOK,
    "settings-masks": LOOK,
    "settings-mask-unmask": OWN,
    "settings-about": LOOK,
    "settings-alerts": (Deed.LOOK, Deed.OWN),
    "settings-alert-rule-add": OWN,
    "settings-alert-rule": OWN,
    "settings-alert-rule-remove": OWN,
    "settings-channel-test": OWN,
    "settings-channel-remove": OWN,
    "settings-webhooks": (Deed.LOOK, Deed.OWN),
    "settings-webhook-test": OWN,
    "settings-webhook-rotate": OWN,
    "settings-webhook-retire": OWN,
    "settings-webhook-remove": OWN,
    "settings-delivery-replay": OWN,
    "settings-people": OWN,
    "settings-person-add": OWN,
    "settings-person": OWN,
    "settings-person-link": OWN,
    "settings-person-deactivate": OWN,
    "settings-person-activate": OWN,
    "settings-person-delete": OWN,
}
FOR_PEOPLE_TOO = "openapi"  # the document about the API: for a token, or whoever is signed in
NOTHING_THERE = ("/api/v1/", "/api/v1/nothing")
SAMPLES = {"int": "987654", "str": "nothing", "slug": "nothing", "path": "nothing", "uuid": "0" * 8}


@dataclass(frozen=True)
class Address:
    path: str
    name: str
    mark: object  # OPEN, (look, send), or None for no mark at all

    @property
    def by_token(self) -> bool:
        """It asks for a token itself, and does not care who is signed in."""
        return self.mark is OPEN and self.path.startswith(("/api/", "/metrics"))

    def asks_for_token(self, answer: HttpResponse) -> bool:
        """What the API has nothing at is told to everybody; everything else wants a token first."""
        return answer.status_code == 404 if self.path in NOTHING_THERE else answer.status_code in (401, 405)

    def allows(self, role: str, method: str) -> bool:
        if self.mark is OPEN:
            return True
        return isinstance(self.mark, tuple) and may(role, self.mark[method == "POST"])


def addresses() -> list[Address]:
    return list(_walk(get_resolver().url_patterns, ""))


def _walk(patterns: list[URLPattern | URLResolver], above: str) -> Iterator[Address]:
    for pattern in patterns:
        path = above + _filled(pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, path)
        else:
            yield Address(f"/{path}", pattern.name or "", _mark(pattern))


def _filled(pattern: URLPattern | URLResolver) -> str:
    route = str(pattern.pattern)
    for name, converter in pattern.pattern.converters.items():
        kind = type(converter).__name__.removesuffix("Converter").lower()
        sample = SAMPLES.get({"string": "str"}.get(kind, kind), "nothing")
        route = route.replace(f"<{kind}:{name}>", sample).replace(f"<{name}>", sample)
        route = route.replace(f"<str:{name}>", sample)
    return route


def _mark(pattern: URLPattern) -> object:
    view = pattern.callback
    if getattr(view, "open_to_all", False):
        return OPEN
    takes = getattr(view, "takes", None)
    return (takes, view.changing) if takes is not None else None


def _asked(client: Client, method: str, path: str) -> HttpResponse:
    answer: HttpResponse = client.post(path, {}) if method == "POST" else client.get(path)
    return answer


def _turned_away(answer: HttpResponse) -> bool:
    to_sign_in = answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in/?next=")
    return to_sign_in or answer.status_code in (401, 403)


def test_no_address_is_without_a_mark(visit: Visit) -> None:
    visit(None)
    assert [each.path for each in addresses() if each.mark is None] == []


def test_access_to_accounts_is_as_this_table_says(visit: Visit) -> None:
    visit(None)
    found = {each.name: each.mark for each in addresses() if each.name in MARKS}
    assert found == MARKS


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_gets_in_where_it_is_not_open(visit: Visit, method: str) -> None:
    stranger = visit(None)
    for each in addresses():
        answer = _asked(stranger, method, each.path)
        assert answer.status_code < 500, each.path
        if each.by_token:
            assert each.asks_for_token(answer), (each.path, answer.status_code)
            continue
        assert _turned_away(answer) == (each.mark is not OPEN), (each.path, answer.status_code)
        if each.path.endswith(".json") and each.mark is not OPEN:
            assert answer.status_code == 401
            assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("role", Role)
def test_a_role_gets_in_exactly_where_the_mark_lets_it(visit: Visit, role: Role, method: str) -> None:
    visit(role)
    user, client = User.objects.get(), Client(raise_request_exception=False)
    for each in addresses():
        if not client.session.get(SESSION_KEY):  # some addresses end the session
            client.force_login(user)
        answer = _asked(client, method, each.path)
        assert answer.status_code < 500, (each.path, answer.status_code)
        if each.name == FOR_PEOPLE_TOO:
            assert answer.status_code == 200
            continue
        if each.by_token:
            assert each.asks_for_token(answer), (each.path, answer.status_code)
            continue
        assert _turned_away(answer) != each.allows(role, method), (each.path, answer.status_code)


def test_every_answer_carries_the_strict_headers(visit: Visit) -> None:
    owner = visit()
    paths = [each.path for each in addresses() if each.name != "sign-out"]
    for path in [*paths, "/nowhere/", "/static/web/headcount.css", "/static/nowhere.css"]:
        answer = owner.get(path)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, (path, name)
        assert path.startswith("/static/") or "no-store" in answer.headers["Cache-Control"], path
        assert "Strict-Transport-Security" not in answer.headers
        over_tls = owner.get(path, secure=True)
        assert "Strict-Transport-Security" in over_tls.headers
        answer.close()  # files of the static part stay open otherwise
        over_tls.close()


@pytest.mark.parametrize("setting", ["SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME"])
def test_cookies_are_kept_from_scripts_and_other_sites(visit: Visit, setting: str) -> None:
    visit(Role.VIEWER)
    client = Client()
    client.post("/sign-in/", {"username": "viewer", "password": PASSWORD})
    cookie = client.cookies[getattr(settings, setting)]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


@pytest.mark.parametrize("cookie", ["abcdefghij\\000kl", "ABCDEFGHIJKL", "abcdefghij;", "a" * 200])
def test_a_cookie_that_no_session_can_have_counts_as_none(site: Path, cookie: str) -> None:
    with CaptureQueriesContext(connection) as asked:
        answer = Client().get("/", headers={"Cookie": f'{settings.SESSION_COOKIE_NAME}="{cookie}"'})
    assert (answer.status_code, list(asked)) == (302, [])


@pytest.mark.sqlite_store
@pytest.mark.parametrize("made_anew", [True, False])
def test_a_home_in_the_place_of_another_has_cookies_of_its_own_unless_that_one_is_gone(
    made_anew: bool, site: Path
) -> None:
    def names() -> set[str]:
        application(made_anew=made_anew)
        return {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME}

    before = names()
    close()
    shutil.rmtree(site)
    assert (names() == before) is made_anew


@pytest.mark.sqlite_store
def test_two_homes_on_one_machine_keep_their_people_apart(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def names() -> set[str]:
        application()
        return {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME}

    here = names()
    monkeypatch.setenv("HEADCOUNT_HOME", str(tmp_path / "other"))
    there = names()
    assert len(here | there) == 4
    monkeypatch.setenv("HEADCOUNT_HOME", str(site))
    assert names() == here
