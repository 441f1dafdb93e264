"""The API log: what is kept of requests and answers, when somebody asks for their bodies and when nobody does."""

from __future__ import annotations

import json
import uuid
from typing import Any

import psycopg
from django.test import Client

from headcount.control.models import Exchange, MaskedColumn, Role
from headcount.sandbox.seed import PRODUCTION
from headcount.service.copies import LONGEST, VeiledCopies
from headcount.service.veil import Veil
from tests.engines.conftest import postgresql_address as postgresql_address
from tests.journeys.desk import Desk
from tests.web.conftest import Visit
from tests.web.office import opened
from tests.web.work import text

REFUSED = {"reason": "invalid", "field": "attributes.plan", "message": "the plan secret-plan is unknown"}


def with_email(office: Desk, **more: Any) -> None:
    office.people_sync["mappings"].append({"from": "email", "to": "email"})
    office.people_sync.update(more)
    office.apply()


def asking(office: Desk) -> None:
    with_email(office, api_log={"bodies": True})


def pages(client: Client) -> str:
    """Everything the log says of the sync, on pages and in their twins."""
    log = text(client.get("/syncs/people/log/"))
    found = [log]
    for each in Exchange.objects.all():
        address = f"/syncs/people/log/{each.pk}/"
        assert (address in log) == bool(each.request)
        found += [text(client.get(address)), json.dumps(client.get(f"{address[:-1]}.json").json())]
    return "".join(found)


def mask(*columns: str) -> None:
    for column in columns:
        MaskedColumn.objects.get_or_create(connection="company", column=column)


def kept() -> list[str]:
    return [each.request + each.answer for each in Exchange.objects.order_by("id")]


def test_no_value_of_a_row_is_kept_unless_somebody_asks(office: Desk, visit: Visit) -> None:
    with_email(office)
    office.run("people")
    assert kept()
    assert not any(kept())
    dump = office.dump()
    assert "INSERT INTO" in dump
    assert "p7@example.com" not in dump
    assert "The bodies of this request were not kept." in pages(visit())


def test_bodies_are_kept_as_they_travelled_and_shown_with_their_answers(office: Desk, visit: Visit) -> None:
    asking(office)
    office.workspace.fault(kind="errors", rows={"keys": ["7"]}, error=REFUSED)
    office.run("people", code=1)
    sent = office.workspace.requests()
    first = Exchange.objects.order_by("id").first()
    assert first is not None
    assert json.loads(first.request) in [json.loads(each["body"]) for each in sent]
    page = pages(visit(Role.VIEWER))
    assert "p7@example.com" in page
    assert "the plan secret-plan is unknown" in page
    secrets = [PRODUCTION.site_id, PRODUCTION.api_key]
    for each in kept():
        assert "uthorization" not in each
        assert not any(secret in each for secret in secrets)


def test_masked_values_are_veiled_before_they_are_stored(office: Desk, visit: Visit) -> None:
    mask("plan", "email")
    asking(office)
    office.sql("UPDATE users SET plan = 'secret-plan'")
    office.workspace.fault(kind="errors", rows={"keys": ["7"]}, error=REFUSED)
    office.run("people", code=1)
    stored = "".join(kept())
    assert '"visits":7' in stored
    assert "•••" in stored
    for secret in ("secret-plan", "@example.com"):
        assert secret not in stored
        assert secret not in pages(visit())


def test_a_masked_key_is_veiled_wherever_it_stands(office: Desk) -> None:
    mask("id")
    asking(office)
    office.run("people")
    items = [item for each in Exchange.objects.all() for item in json.loads(each.request)["batch"]]
    assert len(items) == 250
    assert {item["identifiers"]["id"] for item in items} == {"•••"}


def test_what_reading_tells_of_a_column_is_known_before_a_body_is_kept(
    office: Desk, postgresql_address: dict[str, Any]
) -> None:
    """``u.plan`` was a column of PostgreSQL's table, and is a function that shows a masked one by now."""
    schema = f"log_{uuid.uuid4().hex[:8]}"
    office.project["connections"]["warehouse"] = {"type": "postgresql", **postgresql_address}
    query = f"SELECT u.id, u.plan, u.visits FROM {schema}.users u"
    office.project["models"]["users"] = {"connection": "warehouse", "query": query}
    office.people_sync.update(api_log={"bodies": True})
    host, database, user = (postgresql_address[name] for name in ("host", "database", "user"))
    with psycopg.connect(host=host, dbname=database, user=user, autocommit=True) as server:

        def told(*statements: str) -> None:
            for statement in statements:
                server.execute(statement)  # type: ignore[arg-type]

        told(
            f"CREATE SCHEMA {schema}",
            f"CREATE TABLE {schema}.users AS SELECT 1 AS id, 'x@example.com' AS email, 'pro' AS plan, 5 AS visits",
        )
        try:
            office.apply()
            MaskedColumn.objects.create(connection="warehouse", column="email")
            office.run("people")
            assert '"plan":"pro"' in "".join(kept())
            told(
                f"ALTER TABLE {schema}.users DROP COLUMN plan",
                f"CREATE FUNCTION public.plan({schema}.users) RETURNS text LANGUAGE sql AS 'SELECT $1.email'",
            )
            office.run("people")
        finally:
            told(f"DROP SCHEMA {schema} CASCADE")
    assert office.workspace.people()["1"]["plan"] == '"x@example.com"'
    assert "x@example.com" not in "".join(kept())


def test_a_column_that_is_masked_later_is_veiled_on_the_page(office: Desk, visit: Visit) -> None:
    asking(office)
    office.run("people")
    mask("email")
    page = pages(visit())
    assert "Body of the request" in page
    assert "@example.com" not in page


def test_a_request_of_another_sync_or_of_none_is_not_shown(office: Desk, visit: Visit) -> None:
    asking(office)
    office.run("people")
    number = Exchange.objects.order_by("id").values_list("id", flat=True)[0]
    assert visit().get(f"/syncs/events/log/{number}/").status_code == 404
    assert visit().get("/syncs/people/log/999999/").status_code == 404


def test_bodies_are_asked_for_in_the_form(office: Desk, visit: Visit) -> None:
    page = opened(visit(Role.EDITOR), "/syncs/people/configuration/")
    page = page.press("review", bodies="on")
    assert "Nothing is sent again because of this" in page or "the first run" in page
    page.press("save")
    office.run("people")
    assert all(kept())


def test_of_a_long_request_the_first_rows_are_kept_whole() -> None:
    item = json.dumps({"type": "person", "attributes": {"n": 1.10, "text": "x" * 1000}})
    count = 200
    body = f'{{"batch":[{",".join([item] * count)}]}}'.encode()
    copy = VeiledCopies(Veil(fields=frozenset({"text"}))).request(body, count)
    document = json.loads(copy)
    assert len(copy) <= LONGEST
    assert 0 < len(document["batch"]) == count - document["not kept here"]
    assert "x" * 10 not in copy
    long = b'{"errors": "' + b"x" * LONGEST + b'"}'
    assert json.loads(VeiledCopies(Veil()).answer(long)) == {"not kept here": len(long)}


def test_what_is_no_json_shows_nothing_where_something_is_masked() -> None:
    assert VeiledCopies(Veil()).answer(b"<h1>no</h1>") == "<h1>no</h1>"
    assert VeiledCopies(Veil(fields=frozenset({"plan"}))).answer(b"<h1>secret-plan</h1>") == "•••"
    assert json.loads(VeiledCopies(Veil()).request(b"not ours", 3)) == {"not kept here": 8}


def test_an_answer_that_ends_a_run_or_an_attempt_is_kept_with_its_status(office: Desk, visit: Visit) -> None:
    asking(office)
    office.workspace.fault(
        kind="status", status=503, body="<html>busy</html>", match={"path": "/api/v2/", "next": 1}
    )
    office.run("people")
    office.sql("UPDATE users SET plan = 'pro' WHERE id = 7")
    office.workspace.fault(kind="status", status=401, match={"path": "/api/v2/"})
    office.done("run", "people", code=3)
    office.workspace.heal()
    first, *_, last = Exchange.objects.order_by("id")
    assert (first.status, first.answer) == (503, "<html>busy</html>")
    assert (last.status, last.errors[0][2][:37]) == (401, "Customer.io refused the credentials (")
    log = pages(visit())
    assert "503" in log
    assert "no answer" not in log
    assert PRODUCTION.api_key not in log
