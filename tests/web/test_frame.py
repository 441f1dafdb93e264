from __future__ import annotations

import json

from django.urls import URLPattern, get_resolver

from headcount.control.models import Role
from headcount.web.access import SignedIn
from tests.web.conftest import PASSWORD, Visit


def patterns() -> list[URLPattern]:
    return [p for p in get_resolver().url_patterns if isinstance(p, URLPattern)]


def test_every_address_says_what_it_takes_or_that_it_takes_nothing(visit: Visit) -> None:
    visit(None)
    silent = [
        str(p.pattern)
        for p in patterns()
        if not (getattr(p.callback, "open_to_all", False) or hasattr(p.callback, "takes"))
    ]
    assert SignedIn
    assert silent == []


def test_a_page_sends_strangers_to_the_sign_in_page_and_its_twin_refuses_them(visit: Visit) -> None:
    stranger = visit(None)
    assert stranger.get("/").headers["Location"] == "/sign-in/?next=/"
    assert stranger.get("/home.json").status_code == 401


def test_who_signs_in_comes_to_the_page_they_wanted(visit: Visit) -> None:
    visit(Role.VIEWER)
    stranger = visit(None)
    answer = stranger.post("/sign-in/", {"username": "viewer", "password": PASSWORD, "next": "/"})
    assert answer.headers["Location"] == "/"
    assert stranger.get("/").status_code == 200


def test_a_wrong_password_is_told_beside_the_form_and_lets_nobody_in(visit: Visit) -> None:
    visit(Role.VIEWER)
    stranger = visit(None)
    answer = stranger.post("/sign-in/", {"username": "viewer", "password": "wrong"})
    assert b"This username and password do not belong together" in answer.content
    assert stranger.get("/home.json").status_code == 401


def test_pages_run_no_script_of_their_own_and_come_from_nowhere_else(visit: Visit) -> None:
    answer = visit(Role.VIEWER).get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert b"http://" not in answer.content.replace(b"http://testserver", b"")
    assert b"https://" not in answer.content
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_page_that_is_not_there_is_said_in_words_and_in_json(visit: Visit) -> None:
    viewer = visit(Role.VIEWER)
    assert b"There is no such page" in viewer.get("/nowhere/").content
    answer = viewer.get("/nowhere.json")
    assert answer.status_code == 404
    assert json.loads(answer.content)["message"] == "There is no such page."


def test_what_was_typed_into_a_form_that_came_to_nothing_can_be_copied(visit: Visit) -> None:
    typed = {
        "name": "Riders",
        "query": "SELECT id, plan\nFROM riders -- <3",
        "password": "pa55",
        "action": "save",
    }
    content = visit(Role.EDITOR).post("/models/gone/edit/", typed).content.decode()
    assert "There is no model gone" in content
    assert "SELECT id, plan\nFROM riders -- &lt;3" in content
    assert "pa55" not in content
    assert "<dt>action</dt>" not in content


def test_no_entry_of_the_navigation_is_lit_on_a_page_that_is_not_there(visit: Visit) -> None:
    viewer = visit(Role.VIEWER)
    assert b"aria-current" not in viewer.get("/nowhere/").content
    assert b'href="/runs' not in viewer.get("/runs/1/").content
    assert b'<a href="/syncs/" aria-current="page">' in viewer.get("/runs/1/").content
    assert b'<a href="/" aria-current="page">' in viewer.get("/").content


def test_an_address_that_only_takes_a_form_says_so(visit: Visit) -> None:
    answer = visit().get("/syncs/people/run/")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert b"Nothing was changed" in answer.content
