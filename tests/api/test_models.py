"""Models made, looked at, changed and deleted."""

from __future__ import annotations

from headcount.control.models import MaskedColumn, Model
from tests.api.caller import Caller
from tests.journeys.desk import Desk


def source(caller: Caller) -> int:
    return int(caller.get("/sources").data[0]["id"])


def test_a_model_is_made_changed_and_deleted(owner: Caller) -> None:
    body = {"name": "Paying", "query": "SELECT * FROM users WHERE plan <> 'free'"}
    made = owner.post(f"/sources/{source(owner)}/models", body)
    assert (made.code, made.body["data"]["key"]) == (201, "paying")
    path = f"/models/{made.body['data']['id']}"
    found = owner.get(path).data
    assert (found["query"], found["connection_id"]) == (body["query"], source(owner))
    changed = owner.patch(path, {"table": "users", "version": found["version"]}).data
    assert (changed["query"], changed["table"], changed["name"]) == (None, "users", "Paying")
    assert owner.patch(path, {"table": "orders", "version": found["version"]}).code == 409
    assert owner.delete(path).body == {"status": "deleted"}
    assert owner.get(path).code == 404


def test_a_model_that_its_source_does_not_accept_is_not_saved(owner: Caller) -> None:
    body = {"name": "Broken", "connection_id": source(owner), "query": "SELECT nothing FROM nowhere"}
    answer = owner.post("/models", body)
    assert answer.code == 422
    assert not Model.objects.filter(key="broken").exists()
    assert owner.post("/models", {**body, "save_unread": True}).code == 201


def test_a_model_that_names_no_rows_or_too_many_is_refused(owner: Caller) -> None:
    number = source(owner)
    assert owner.post("/models", {"name": "None", "connection_id": number}).code == 422
    both = {"name": "Both", "connection_id": number, "table": "users", "query": "SELECT 1"}
    assert owner.post("/models", both).code == 422


def test_a_model_in_use_stays(owner: Caller) -> None:
    answer = owner.delete(f"/models/{Model.objects.get(key='users').pk}")
    assert answer.code == 409
    assert "Users to People" in answer.body["message"]


def test_rows_and_columns_are_shown_saved_or_not(owner: Caller) -> None:
    shown = owner.get(f"/models/{Model.objects.get(key='users').pk}/preview?rows=2").data
    assert [column["name"] for column in shown["columns"]] == ["id", "email", "plan", "visits"]
    assert (shown["rows"][0][:3], shown["more"]) == (["1", "p1@example.com", "free"], True)
    body = {"connection_id": source(owner), "query": "SELECT count(*) AS n FROM orders"}
    assert owner.post("/models/preview", body).data["rows"] == [["100"]]
    assert Model.objects.count() == 2


def test_the_tables_of_a_source_are_listed(owner: Caller) -> None:
    names = {table["name"] for table in owner.get(f"/sources/{source(owner)}/tables").data}
    assert {"users", "orders"} <= names


def test_masked_values_are_shown_by_no_model(office: Desk, owner: Caller) -> None:
    users = Model.objects.get(key="users")
    masked = owner.post("/masked_columns", {"connection_id": source(owner), "column": "email"})
    owner.post("/masked_columns", {"connection_id": source(owner), "column": "EMAIL"})  # the same
    assert [each["column"] for each in masked.data] == ["email"]
    assert "p1@example.com" not in owner.get(f"/models/{users.pk}/preview").text
    body = {"connection_id": source(owner), "query": "SELECT upper(email) AS other FROM users"}
    assert "EXAMPLE" not in owner.post("/models/preview", body).text
    assert owner.delete(f"/masked_columns/{masked.data[0]['id']}").code == 200
    assert not MaskedColumn.objects.exists()
    assert "p1@example.com" in owner.get(f"/models/{users.pk}/preview").text
