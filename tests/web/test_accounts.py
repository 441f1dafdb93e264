from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headcount.control.models import ApiToken, Audit, MaskedColumn, Role, User
from headcount.control.models import Connection as ConnectionRow
from headcount.control.models import Model as ModelRow
from headcount.service import people, tokens, welcome
from tests.control_store import place
from tests.web.conftest import PASSWORD, Visit

GOOD = "plum tractor ninety"


def sign_in(client: Client, username: str, password: str) -> int:
    return client.post("/sign-in/", {"username": username, "password": password}).status_code


def test_the_first_visitor_with_the_link_becomes_the_owner_and_nobody_after(visit: Visit) -> None:
    first, second = visit(None), visit(None)
    path = welcome.first_owner_path()
    assert b"Create the Owner" in first.get(path).content
    weak = first.post(path, {"username": "ada", "name": "Ada", "password": "ada", "again": "ada"})
    assert b"too short" in weak.content
    assert b'value="Ada"' in weak.content
    both = first.post(path, {"username": "ada", "password": "ada", "again": "adam"}).content
    assert b"too short" in both
    assert b"not the same password" in both
    typed = {"username": "ada", "name": "Ada", "password": GOOD, "again": GOOD}
    assert first.post(path, {**typed, "again": "other"}).status_code == 200
    assert not User.objects.exists()
    assert first.post(path, typed).headers["Location"] == "/"
    assert b"You sign in as ada" in first.get("/").content
    for answer in (second.get(path), second.post(path, {**typed, "username": "eve"})):
        assert answer.status_code == 410
    assert User.objects.get().role == Role.OWNER


def test_an_owner_adds_a_person_who_sets_a_password_with_the_link(visit: Visit) -> None:
    owner, newcomer = visit(), visit(None)
    shown = owner.post("/settings/people/add/", {"username": "bob", "name": "Bob", "role": "editor"})
    link = re.search(r'id="link">http://testserver(/welcome/[^<]+)<', shown.content.decode())
    assert link
    assert link[1] not in owner.get("/settings/people/").content.decode()
    assert b"no password yet" in owner.get("/settings/people/").content
    assert newcomer.get(link[1]).status_code == 200
    answer = newcomer.post(link[1], {"password": GOOD, "again": GOOD})
    assert answer.headers["Location"] == "/"
    assert newcomer.get("/settings.json").json()["person"]["role"] == "editor"
    assert visit(None).get(link[1]).status_code == 410
    assert sign_in(visit(None), "bob", GOOD) == 302


def test_wrong_passwords_are_answered_ever_later_even_the_right_one(visit: Visit) -> None:
    visit(Role.VIEWER)
    stranger = visit(None)
    assert [sign_in(stranger, "viewer", "wrong") for _ in range(5)] == [200] * 5
    late = stranger.post("/sign-in/", {"username": "viewer", "password": PASSWORD})
    assert late.status_code == 429
    assert 0 < int(late.headers["Retry-After"]) <= 2
    assert b"Too many failed tries" in late.content
    assert stranger.get("/home.json").status_code == 401
    actions = [line.action for line in Audit.objects.all()]
    assert actions == ["failed to sign in"] * 5


def test_what_no_database_could_look_up_is_refused_at_the_door(visit: Visit) -> None:
    owner, stranger = visit(), visit(None)
    assert sign_in(stranger, "own\0er", PASSWORD) == 400
    for path in ("/runs/?sync=peo%00ple", "/models/us%00ers/"):
        assert owner.get(path).status_code == 400
    assert owner.post("/models/users/masks/", {"masked": "a\0b"}).status_code == 400
    assert b"This address holds a NUL character" in owner.get("/runs/?sync=peo%00ple").content


def test_a_form_with_a_nul_character_is_given_back_and_told_why(visit: Visit) -> None:
    typed = {"name": "Riders", "query": "SELECT id\0 FROM riders"}
    answer = visit(Role.EDITOR).post("/models/riders/edit/", typed)
    content = answer.content.decode()
    assert answer.status_code == 400
    assert "This form holds a NUL character" in content
    assert "SELECT id\N{SYMBOL FOR NULL} FROM riders" in content
    assert "Riders" in content
    assert "riders" not in visit(None).post("/sign-in/", {"username": "riders\0"}).content.decode()


def test_a_link_gets_somebody_in_whose_name_others_keep_guessing(visit: Visit) -> None:
    visit(Role.VIEWER)
    attacker = visit(None)
    while sign_in(attacker, "viewer", "wrong") != 429:
        pass
    victim = visit(None)
    victim.post(welcome.link_path("viewer"), {"password": GOOD, "again": GOOD})
    assert victim.get("/").status_code == 200


def test_a_password_typed_as_a_name_is_written_down_nowhere(visit: Visit) -> None:
    sign_in(visit(None), "my secret passphrase", "ada")
    assert "passphrase" not in str(list(Audit.objects.values()))
    assert Audit.objects.get().what == "person (unknown)"


def test_signing_in_and_out_is_written_down(visit: Visit) -> None:
    visit(Role.VIEWER)
    client = visit(None)
    sign_in(client, "viewer", PASSWORD)
    client.post("/sign-out/")
    assert client.get("/home.json").status_code == 401
    lines = [(line.actor, line.action) for line in Audit.objects.order_by("id")]
    assert lines == [("viewer", "signed in"), ("viewer", "signed out")]
    assert client.get("/sign-out/").status_code == 405


def test_changing_the_password_ends_every_other_session(visit: Visit) -> None:
    here, there = visit(Role.VIEWER), visit(Role.VIEWER)
    typed = {"present": "wrong", "password": GOOD, "again": GOOD}
    assert b"not your present password" in here.post("/settings/password/", typed).content
    weak = {"present": PASSWORD, "password": "12345678901", "again": "12345678901"}
    assert b"entirely numeric" in here.post("/settings/password/", weak).content
    assert there.get("/").status_code == 200
    answer = here.post("/settings/password/", {**typed, "present": PASSWORD})
    assert answer.headers["Location"] == "/settings/"
    assert here.get("/settings.json").status_code == 200
    assert there.get("/settings.json").status_code == 401


def test_deactivation_ends_sessions_and_tokens_at_once(visit: Visit) -> None:
    owner, viewer = visit(), visit(Role.VIEWER)
    token = tokens.issue("viewer", name="cron", role=Role.VIEWER).token
    number = people.find("viewer").id
    owner.post(f"/settings/people/{number}/deactivate/")
    assert viewer.get("/home.json").status_code == 401
    assert tokens.who(token) is None
    assert sign_in(visit(None), "viewer", PASSWORD) == 200
    owner.post(f"/settings/people/{number}/activate/")
    assert sign_in(visit(None), "viewer", PASSWORD) == 302


def test_the_last_owner_cannot_lock_everybody_out(visit: Visit) -> None:
    owner = visit()
    number = people.find("owner").id
    refused = owner.post(f"/settings/people/{number}/", {"name": "", "role": "viewer"})
    assert b"owner is the last active Owner" in refused.content
    assert owner.post(f"/settings/people/{number}/deactivate/").status_code == 400
    assert owner.post(f"/settings/people/{number}/delete/", {"username": "owner"}).status_code == 400
    assert people.find("owner").role == "owner"


def test_a_person_is_renamed_given_a_role_and_deleted_after_confirming(visit: Visit) -> None:
    owner = visit()
    number = people.add("bob", Role.VIEWER).id
    owner.post(f"/settings/people/{number}/", {"name": "Bob", "role": "operator"})
    assert (people.find("bob").name, people.find("bob").role) == ("Bob", "operator")
    owner.post(f"/settings/people/{number}/delete/", {"username": "rob"})
    assert b"Nothing was deleted" in owner.get(f"/settings/people/{number}/").content
    owner.post(f"/settings/people/{number}/delete/", {"username": "bob"})
    assert owner.get(f"/settings/people/{number}/").status_code == 404
    assert {line.actor for line in Audit.objects.filter(action="deleted")} == {"owner"}


def test_a_token_is_shown_in_one_answer_and_never_again(visit: Visit) -> None:
    editor = visit(Role.EDITOR)
    answer = editor.post("/settings/tokens/", {"name": "Airflow", "role": "operator"})
    shown = re.search(r'id="token">(hc_[\w-]{40})<', answer.content.decode())
    assert shown
    assert tokens.who(shown[1])
    for path in ("/settings/tokens/", "/settings/tokens.json"):
        assert shown[1] not in editor.get(path).content.decode()
    assert ApiToken.objects.get().digest not in editor.get("/settings/tokens.json").content.decode()
    refused = editor.post("/settings/tokens/", {"name": "Airflow", "role": "owner"})
    assert b"not one of the available choices" in refused.content


def test_everybody_sees_and_revokes_their_own_tokens_and_an_owner_all(visit: Visit) -> None:
    viewer, editor, owner = visit(Role.VIEWER), visit(Role.EDITOR), visit()
    number = tokens.issue("editor", name="theirs", role=Role.VIEWER).info.id
    assert viewer.get("/settings/tokens.json").json() == {"tokens": []}
    assert viewer.post(f"/settings/tokens/{number}/revoke/").status_code == 404
    assert ApiToken.objects.exists()
    assert [t["name"] for t in owner.get("/settings/tokens.json").json()["tokens"]] == ["theirs"]
    editor.post(f"/settings/tokens/{number}/revoke/")
    assert not ApiToken.objects.exists()


def test_masked_columns_are_listed_for_all_and_unmasked_by_owners(visit: Visit) -> None:
    connection = ConnectionRow.objects.create(key="shop", name="Shop", type="sqlite")
    ModelRow.objects.create(key="users", name="Users", connection=connection)
    mask = MaskedColumn.objects.create(connection="company", column="email")
    editor = visit(Role.EDITOR)
    assert b"<code>email</code>" in editor.get("/settings/masks/").content
    assert b"Show its values again" not in editor.get("/settings/masks/").content
    assert editor.post(f"/settings/masks/{mask.pk}/unmask/").status_code == 403
    visit().post(f"/settings/masks/{mask.pk}/unmask/")
    assert not MaskedColumn.objects.exists()
    assert Audit.objects.get().action == "unmasked"


def test_a_name_that_is_too_long_for_a_column_is_not_masked(visit: Visit) -> None:
    connection = ConnectionRow.objects.create(key="shop", name="Shop", type="sqlite", settings={})
    ModelRow.objects.create(key="users", name="Users", connection=connection, definition={"table": "users"})
    answer = visit().post("/models/users/masks/", {"masked": "x" * 301})
    assert (answer.status_code, b"at most 300 characters" in answer.content) == (400, True)
    assert not MaskedColumn.objects.exists()


def test_about_tells_version_database_and_licence(visit: Visit) -> None:
    told = visit(Role.VIEWER).get("/settings/about.json").json()["about"]
    assert told["database"].startswith("PostgreSQL " if place() else "SQLite 3.")
    assert (told["people"], told["licence"]) == (1, "Apache License 2.0")


@pytest.mark.parametrize("path", ["/settings/", "/settings/tokens/", "/settings/masks/", "/settings/about/"])
def test_the_settings_show_a_viewer_nothing_about_people(visit: Visit, path: str) -> None:
    content = visit(Role.VIEWER).get(path).content
    assert b'aria-current="page"' in content
    assert b"/settings/people/" not in content


def test_forms_without_their_token_change_nothing(visit: Visit) -> None:
    visit(Role.VIEWER)
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get())
    answer = client.post("/settings/tokens/", {"name": "x", "role": "viewer"})
    assert answer.status_code == 403
    assert b"too old, or cookies are blocked" in answer.content
    page = client.get("/settings/tokens/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    typed = {"name": "x", "role": "viewer", "csrfmiddlewaretoken": token[1]}
    assert client.post("/settings/tokens/", typed, HTTP_ORIGIN="http://elsewhere").status_code == 403
    assert client.post("/settings/tokens/", typed).status_code == 200
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    "next_", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", "/\\evil"]
)
def test_signing_in_leads_nowhere_else(visit: Visit, next_: str) -> None:
    visit(Role.VIEWER)
    typed = {"username": "viewer", "password": PASSWORD, "next": next_}
    assert visit(None).post("/sign-in/", typed).headers["Location"] == "/"


def test_sessions_from_before_a_deactivation_stay_ended_and_those_of_others_go_on(visit: Visit) -> None:
    visit(Role.OWNER)
    before, other = visit(Role.EDITOR, "eve"), visit(Role.EDITOR, "bob")
    people.deactivate("eve")
    assert before.get("/syncs/").status_code == 302
    people.activate("eve")
    assert before.get("/syncs/").headers["Location"].startswith("/sign-in/")
    assert visit(Role.EDITOR, "eve").get("/syncs/").status_code == 200
    assert other.get("/syncs/").status_code == 200


def test_the_page_of_a_person_saves_role_and_name_together(visit: Visit) -> None:
    owner = visit()
    number = people.add("bob", Role.VIEWER, name="Bob").id
    with CaptureQueriesContext(connection) as asked:
        owner.post(f"/settings/people/{number}/", {"name": "Rob", "role": "editor"})
    wrote = [each["sql"] for each in asked]
    first, last = (
        next(at for at, sql in enumerate(wrote) if sql.startswith("UPDATE") and f'"{column}" =' in sql)
        for column in ("name", "role")
    )
    assert "COMMIT" not in wrote[min(first, last) : max(first, last)]
    found = people.find("bob")
    assert (found.name, found.role) == ("Rob", "editor")
