"""People and tokens, for Owners."""

from __future__ import annotations

from headcount.control.models import ApiToken, Role
from tests.api.caller import Caller
from tests.api.conftest import Call


def test_somebody_is_added_with_a_link_changed_and_deleted(owner: Caller) -> None:
    made = owner.post("/users", {"username": "ada", "name": "Ada", "role": "viewer"})
    assert made.code == 201, made.text
    assert made.body["data"]["link"].startswith("http://testserver/welcome/")
    path = f"/users/{made.body['data']['id']}"
    assert owner.patch(path, {"role": "editor", "active": False}).data["role"] == "editor"
    assert {each["username"] for each in owner.get("/users").data} == {"ada", "owner-person"}
    assert owner.delete(path).body == {"status": "deleted"}
    assert owner.delete(path).code == 404
    assert owner.post("/users", {"username": "eve", "role": "king"}).fields == ["role"]


def test_the_last_owner_stays(owner: Caller) -> None:
    (me,) = owner.get("/users").data
    assert owner.patch(f"/users/{me['id']}", {"name": "Half", "role": "viewer"}).code == 409
    assert owner.get("/users").data == [me]
    assert owner.delete(f"/users/{me['id']}").code == 409


def test_a_token_is_shown_once_and_ends_when_it_is_revoked(owner: Caller) -> None:
    made = owner.post("/tokens", {"name": "airflow", "role": "operator"}).body["data"]
    program = Caller(made["token"])
    assert program.get("/me").data == {"username": "owner-person", "role": "operator"}
    listed = owner.get("/tokens")
    assert made["token"] not in listed.text
    assert {each["name"] for each in listed.data} == {"airflow", "test"}
    assert owner.delete(f"/tokens/{made['id']}").code == 200
    assert program.get("/me").code == 401


def test_a_lesser_token_of_an_owner_makes_no_greater_one(call: Call) -> None:
    editor = call(Role.EDITOR)
    assert editor.post("/tokens", {"name": "more", "role": "owner"}).code == 403
    assert ApiToken.objects.count() == 1
