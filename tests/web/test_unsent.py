"""Forms that are sent by somebody who was signed out meanwhile: nothing is done, and nothing that was typed is lost."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client

from headcount.control.models import ApiToken, Model, Role
from tests.journeys.desk import Desk
from tests.web.conftest import PASSWORD, Visit

HERE = {"HTTP_ORIGIN": "http://testserver"}
ADDRESS = "/models/new/?connection=company"
TYPED = {
    "name": "Riders & riders",
    "key": "riders",
    "way": "query",
    "query": 'SELECT id,\n  "plan" FROM users -- <b>',
    "action": "save",
}


def inputs(answer: HttpResponse) -> dict[str, str]:
    """The hidden inputs of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.content.decode())
    return {name: unescape(value) for name, value in found}


def signed_in_again(client: Client, answer: HttpResponse, password: str = PASSWORD) -> HttpResponse:
    """Fill in the sign-in form that was shown instead of what was asked for."""
    assert answer.status_code == 401
    assert b"what you typed is kept" in answer.content
    name = {"username": "editor", "password": password}
    return client.post("/sign-in/", {**name, **inputs(answer)})


def test_what_was_typed_comes_through_signing_in_and_is_done_once_somebody_says_so(
    office: Desk, visit: Visit
) -> None:
    client = visit(Role.EDITOR)
    client.logout()
    shown = client.post(ADDRESS, TYPED)
    assert "SELECT" not in shown.content.decode()
    shown = signed_in_again(client, shown, "mistyped")
    assert b"do not belong together" in shown.content
    name = {"username": "editor", "password": PASSWORD}
    again = client.post("/sign-in/", {**name, **inputs(shown)})
    assert b"has not been sent yet" in again.content
    kept = inputs(again)
    assert {**TYPED, **kept} == kept
    assert f'action="{ADDRESS}"'.encode() in again.content
    assert not Model.objects.filter(key="riders").exists()
    assert client.post(ADDRESS, kept).headers["Location"] == "/models/riders/"
    assert Model.objects.get(key="riders").definition["query"] == TYPED["query"]


def test_a_form_from_before_somebody_signed_in_anew_is_kept_as_well(office: Desk, visit: Visit) -> None:
    visit(Role.EDITOR)
    client = Client(enforce_csrf_checks=True)
    old = inputs(client.get("/sign-in/"))
    name = {"username": "editor", "password": PASSWORD, **old}
    assert client.post("/sign-in/", name, **HERE).status_code == 302
    again = client.post(ADDRESS, {**TYPED, **old}, **HERE)
    assert again.status_code == 409
    assert not Model.objects.filter(key="riders").exists()
    assert client.post(ADDRESS, inputs(again), **HERE).headers["Location"] == "/models/riders/"


@pytest.mark.parametrize("origin", [{}, {"HTTP_ORIGIN": "http://elsewhere.example"}, {"HTTP_ORIGIN": "null"}])
def test_a_form_that_another_site_may_have_sent_is_not_offered_to_be_sent_again(
    visit: Visit, origin: dict[str, str]
) -> None:
    visit(Role.EDITOR)
    client = Client(enforce_csrf_checks=True)
    name = {"username": "editor", "password": PASSWORD, **inputs(client.get("/sign-in/"))}
    client.post("/sign-in/", name, **HERE)
    answer = client.post("/settings/tokens/", {"name": "theirs", "role": "viewer"}, **origin)
    assert answer.status_code == 403
    assert b"theirs" not in answer.content
    assert not ApiToken.objects.exists()


def test_passwords_and_keys_are_left_behind_and_that_is_said(visit: Visit) -> None:
    client = visit()
    client.logout()
    typed = {"name": "Production", "site_id": "a1", "api_key": "very secret", "do": "connect"}
    shown = client.post("/connections/add/customerio/", typed)
    again = client.post("/sign-in/", {"username": "owner", "password": PASSWORD, **inputs(shown)})
    assert b"have to be typed again" in again.content
    assert inputs(again)["site_id"] == "a1"
    assert "very secret" not in again.content.decode() + str(inputs(again))


def test_a_part_that_refreshes_itself_says_that_its_reader_is_signed_out(visit: Visit) -> None:
    stranger = visit(None)
    asked = stranger.get("/runs/1/", HTTP_HX_REQUEST="true")
    assert (asked.status_code, asked.headers["HX-Refresh"]) == (401, "true")
    typed = stranger.post("/syncs/new/", {"do": "preview"}, HTTP_HX_REQUEST="true")
    assert typed.headers["HX-Reselect"] == "#away"
    assert b'id="away"' in typed.content
    assert "HX-Refresh" not in typed.headers


def test_what_nobody_sealed_here_is_not_carried(visit: Visit) -> None:
    visit(Role.EDITOR)
    answer = visit(None).post(
        "/sign-in/", {"username": "editor", "password": PASSWORD, "unsent": "gAAAAA-not-ours"}
    )
    assert answer.headers["Location"] == "/"


def test_a_wait_at_the_front_door_keeps_the_name(visit: Visit) -> None:
    stranger = visit(None)
    for _ in range(20):
        answer = stranger.post("/sign-in/", {"username": "somebody", "password": "wrong"})
        if answer.status_code == 429:
            break
    assert b'value="somebody"' in answer.content
