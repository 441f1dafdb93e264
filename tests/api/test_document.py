"""The OpenAPI document and its page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import EnumType
from pathlib import Path
from typing import Any, get_args, get_type_hints

from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import URLPattern
from ninja import Schema

import headcount.api
from headcount.control.models import Role, User
from headcount.web.urls import urlpatterns
from tests.api.caller import Caller
from tests.api.conftest import Call

DOCUMENT = "/openapi.json"


def test_the_document_describes_every_route_and_how_to_be_let_in(owner: Caller) -> None:
    document = owner.get(DOCUMENT).body
    assert document["openapi"].startswith("3.1")
    trigger = document["paths"]["/api/v1/syncs/{sync_id}/trigger"]["post"]
    assert trigger["security"] == [{"Bearer": []}, {"BasicBearer": []}]
    assert {"200", "401", "403", "404", "422", "429"} <= set(trigger["responses"])
    silent = [
        path
        for path, methods in document["paths"].items()
        for method in methods.values()
        if not method.get("description")
    ]
    assert silent == []


def test_no_two_shapes_have_one_name_for_the_document_would_mix_them_up() -> None:
    """Values of the service are answered as they are, and count as shapes too."""

    def shapes(base: type[Schema]) -> list[type]:
        found = [each for each in base.__subclasses__() if each.__module__.startswith("headcount.api")]
        return [*found, *(more for each in found for more in shapes(each))]

    def inside(annotation: Any) -> Iterator[type]:
        if is_dataclass(annotation) and isinstance(annotation, type):
            yield annotation
            yield from (each for hint in get_type_hints(annotation).values() for each in inside(hint))
        elif isinstance(annotation, EnumType):
            yield annotation
        for part in get_args(annotation):
            yield from inside(part)

    own = set(shapes(Schema))
    values = {
        each
        for shape in own
        for field in shape.model_fields.values()  # type: ignore[attr-defined]
        for each in inside(field.annotation)
    }
    names = Counter(each.__name__ for each in own | values)
    assert [name for name, count in names.items() if count > 1] == []
    assert len(own) > 50
    assert len(values) > 10


def test_the_document_is_for_those_who_may_look(call: Call) -> None:
    assert call(Role.VIEWER).get(DOCUMENT).code == 200
    assert Caller().get(DOCUMENT).code == 401
    browser = Client()
    browser.force_login(User.objects.get())
    assert browser.get("/api/v1/openapi.json").status_code == 200


def test_the_page_about_it_asks_for_a_sign_in_and_loads_nothing_from_elsewhere(call: Call) -> None:
    call()
    browser = Client()
    assert browser.get("/api/v1/docs").headers["Location"].startswith("/sign-in/")
    browser.force_login(User.objects.get())
    page = browser.get("/api/v1/docs")
    text = page.content.decode()
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert re.findall(r"https?://", text) == []
    scripts = re.findall(r"<script(?![^>]*application/json)[^>]*>(.*?)</script>", text, re.DOTALL)
    assert scripts == ["", ""]  # each only names a file
    files = re.findall(r'(?:src|href)="/static/([^"]+)"', text)
    assert len(files) >= 3
    assert all(finders.find(file) for file in files)


def test_every_route_stands_in_the_manual(owner: Caller) -> None:
    manual = (Path(headcount.api.__file__).parents[2] / "docs" / "api.md").read_text()
    missing = [
        f"{method.upper()} {path}"
        for path, methods in owner.get(DOCUMENT).body["paths"].items()
        for method in methods
        if f"`{method.upper()} {path.removeprefix('/api/v1')}`" not in manual
    ]
    assert missing == []


def test_everything_the_pages_do_has_a_route(owner: Caller) -> None:
    """The manual's table names every page, and a route that there is, or why there is none."""
    manual = (Path(headcount.api.__file__).parents[2] / "docs" / "api.md").read_text()
    section = manual.partition("### What the pages do, and where")[2].partition("\n##")[0]
    rows = dict(re.findall(r"^\| `(/\S*)` \| (.+) \|$", section, re.MULTILINE))
    pages = {f"/{_plain(pattern)}" for pattern in urlpatterns}
    assert set(rows) == {
        page for page in pages if page.endswith("/")
    }  # twins and files are other forms of these
    known = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in owner.get(DOCUMENT).body["paths"].items()
        for method in methods
    }
    named = {name for route in rows.values() for name in re.findall(r"`([A-Z]+ /\S+)`", route)}
    assert named <= known
    assert len(named) > 60
    assert [page for page, route in rows.items() if "`" not in route and not route.startswith("none: ")] == []


def _plain(pattern: URLPattern) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
