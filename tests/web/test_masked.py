"""What is masked leaves the server nowhere: pages, twins, downloads, the API, alerts and webhooks are all read."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from html import unescape
from urllib.parse import urljoin, urlsplit

import duckdb
import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import resolve

from headcount.control.models import Alert, Connection, Delivery, MaskedColumn, Rejected, Role, Run, Sync
from headcount.service.delivering import send_due
from headcount.service.masking import set_masked
from headcount.service.masks import listing
from headcount.service.outlets import add_channel, add_webhook
from headcount.service.tokens import issue
from tests.alerts.receiver import Receiver, receiving
from tests.api.test_access import TABLE
from tests.journeys.desk import Desk
from tests.web.conftest import Visit
from tests.web.work import started

SECRET = "canary"  # in every value of every masked column
SECOND = ("twin", "alias")  # syncs of other models of the connection, which nobody masked anything of
LINK = re.compile(r'(?:href|hx-get)="([^"#:]+)')
FEW = 2  # of pages that show the same of different things


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def troubled(office: Desk, visit: Visit, receiver: Receiver) -> Client:
    """An Owner of a company that masks what it can, and whose runs ended in every way that has words for values."""
    office.sql("UPDATE users SET plan = 'canary-' || id, email = 'canary-' || id || '@example.com'")
    sync = office.people_sync
    sync["mappings"] += [
        {"from": "email", "to": "email"},
        {"from": {"template": "Hi {{ plan }}"}, "to": "greeting"},
    ]
    sync.update(api_log={"bodies": True}, guards={"minimum": 10, "max_changed": 1.0})
    _second(office, "twin", {"table": "users"}, "email")
    _second(office, "alias", {"query": "SELECT id, plan AS tier, email AS mail FROM users"}, "mail")
    office.apply()
    add_channel("Ops", receiver.apprise)
    add_webhook("Pager", receiver.url)
    for column in ("plan", "email"):
        MaskedColumn.objects.create(connection="company", column=column.title())
    owner = visit()
    office.sql("UPDATE users SET plan = 'canary-' || printf('%.1100c', 'x') WHERE id = 11")
    office.sql("UPDATE users SET email = 'canary no address' WHERE id = 12")
    _refused(office, "attributes.plan")
    started(owner, "/syncs/people/run/")
    office.sql("UPDATE users SET plan = 'canary-two-' || id WHERE id IN (8, 10, 20)")
    _refused(office, "", key="8")
    started(owner, "/syncs/people/run/")
    office.sql("UPDATE users SET plan = 'canary-three-' || id WHERE id = 21")
    office.workspace.heal()
    office.workspace.fault(
        kind="status", status=400, match={"body": "canary-three"}, body=f"{SECRET} is no good"
    )
    started(owner, "/syncs/people/run/")
    office.hire(300, first=1001)
    office.sql("UPDATE users SET plan = 'canary-four-' || id, email = 'canary-' || id || '@example.com'")
    _refused(office, "", key="")
    started(owner, "/syncs/people/run/")
    office.workspace.heal()
    started(owner, "/syncs/people/run/")
    office.sql("DELETE FROM users WHERE id > 30")
    started(owner, "/syncs/people/run/")
    for key in SECOND:
        started(owner, f"/syncs/{key}/run/")
        owner.post(f"/syncs/{key}/plan/")
    owner.post("/syncs/people/plan/")
    assert owner.post("/syncs/people/test/", {"key": "7"}).status_code == 302
    send_due()
    return owner


def _second(office: Desk, key: str, model: dict[str, str], column: str) -> None:
    """A sync of a model of its own that maps one column, and a template of it, to fields of other names."""
    office.project["models"][key] = {"connection": "company", **model}
    office.project["syncs"][key] = {
        "source": {"model": key},
        "destination": {"connection": "production", "object": "person"},
        "behavior": "mirror",
        "identifier": {"from": "id", "to": "id"},
        "api_log": {"bodies": True},
        "mappings": [
            {"from": column, "to": "contact"},
            {"from": {"template": f"To {{{{ {column} }}}}"}, "to": "line"},
        ],
    }


def _refused(office: Desk, field: str, *, key: str = "7") -> None:
    """From now on the workspace refuses this row, or every row, and quotes it."""
    office.workspace.heal()
    rows = {"keys": [key]} if key else {"pattern": "."}
    error = {"reason": "invalid", "field": field, "message": f"{SECRET} is no good"}
    office.workspace.fault(kind="errors", rows=rows, error=error)


def crawled(client: Client) -> dict[str, str]:
    """What is behind the links that lead on from Home, each page's twin and every download, by address; of addresses
    that differ only in numbers and names, a few of each sync and model.
    """
    keys = ("people", *SECOND)
    records = [client.post(f"/syncs/{key}/records/", {"key": "7"}).headers["Location"] for key in keys]
    of = dict(Run.objects.values_list("pk", "sync__key"))
    found: dict[str, str] = {}
    seen: Counter[tuple[str, ...]] = Counter()
    waiting = [*records, "/"]
    while waiting:
        address = waiting.pop()
        parts = urlsplit(address)
        there = resolve(parts.path)
        about = there.kwargs.get("key") or of.get(there.kwargs.get("run"), "")
        kind = (there.route, about, *sorted(QueryDict(parts.query)))
        seen[kind] += 1
        if address in found or seen[kind] > FEW or address.startswith("/api/"):
            continue
        found[address] = client.get(address).getvalue().decode()
        waiting += _from(address, found[address])
    return found


def _from(address: str, text: str) -> Iterator[str]:
    parts = urlsplit(address)
    if not parts.path.endswith("/"):
        return
    yield f"{parts.path.rstrip('/') or '/home'}.json?{parts.query}"
    for link in LINK.findall(text):
        to = urljoin(address, unescape(link))
        if not to.startswith("/static/"):
            yield to
        if ".csv" in to or ".json" in to:  # a download; somebody may ask for values as well
            yield f"{to}{'&' if '?' in to else '?'}values=1"


def asked(api: Client) -> dict[str, str]:
    """What the API answers about the company, by address."""
    answers = {address: api.get(f"/api/v1{address}") for address in sorted(set(_addresses()))}
    for sync in Sync.objects.values_list("pk", flat=True):
        for path, body in (("payload", {"key": "7"}), ("records/search", {"primary_identifier": "7"})):
            address = f"/syncs/{sync}/{path}"
            answers[address] = api.post(f"/api/v1{address}", body, content_type="application/json")
    return {
        address: answer.getvalue().decode()
        for address, answer in answers.items()
        if answer.status_code == 200
    }


def _addresses() -> Iterator[str]:
    """Every address of the API that can be read, for the things there are."""
    for method, path in TABLE:
        if method != "GET":
            continue
        for run, sync, model in Run.objects.values_list("pk", "sync", "sync__model"):
            known = {"{sync_id}": sync, "{sync_run_id}": run, "{model_id}": model}
            address = path
            for name, number in known.items():
                address = address.replace(name, str(number))
            yield re.sub(r"\{\w+\}", "1", address)


def leaks(told: dict[str, str]) -> list[str]:
    return [address for address, text in told.items() if SECRET in text]


def test_nothing_masked_leaves_the_server(troubled: Client, receiver: Receiver) -> None:
    assert {run.status for run in Run.objects.all()} >= {"completed", "failed", "waiting"}
    assert {row.field for row in Rejected.objects.filter(message__contains=SECRET)} == {"attributes.plan", ""}
    pages = crawled(troubled)
    assert len({resolve(urlsplit(address).path).route for address in pages}) > 60
    assert sum("•••" in text for text in pages.values()) > 5
    answers = asked(
        Client(headers={"Authorization": f"Bearer {issue('owner', name='x', role=Role.OWNER).token}"})
    )
    assert len(answers) > 40
    messages = {str(number): one.body.decode() for number, one in enumerate(receiver.got)}
    assert len(messages) > 5
    assert leaks(pages) + leaks(answers) + leaks(messages) == []


def test_words_that_were_written_down_before_a_column_was_masked_are_veiled_too(
    office: Desk, visit: Visit, receiver: Receiver
) -> None:
    add_webhook("Pager", receiver.url)
    office.hire(300, first=1001)
    _refused(office, "", key="")
    owner = visit()
    run = started(owner, "/syncs/people/run/")
    addresses = (f"/runs/{run}/", "/syncs/people.json", "/", "/settings/alerts/", f"/runs/{run}.json")
    stored = [*Run.objects.all(), *Alert.objects.all(), *Delivery.objects.all()]
    assert len([row for row in stored if SECRET in str(vars(row))]) > 2
    assert all(SECRET in owner.get(address).content.decode() for address in addresses[:2])
    owner.post("/models/users/masks/", {"masked": ["plan"]})
    assert leaks({address: owner.get(address).content.decode() for address in addresses}) == []
    stored = [*Run.objects.all(), *Alert.objects.all(), *Delivery.objects.all()]
    assert [row for row in stored if SECRET in str(vars(row))] == []
    assert all(json.loads(body) for body in Delivery.objects.values_list("body", flat=True))
    assert "(•••). Look at the mappings" in Alert.objects.get(rule__kind="failed").words


def test_what_a_source_says_of_a_query_that_may_show_a_masked_column_is_told_nowhere(
    office: Desk, visit: Visit
) -> None:
    """A query can make it say a value: letter by letter, or as it is."""
    with duckdb.connect(str(office.folder / "shop.duckdb")) as shop:
        shop.execute("CREATE TABLE customers AS SELECT 1 AS id, 'canary' AS email")
    office.project["connections"]["shop"] = {"type": "duckdb", "path": "shop.duckdb"}
    _second(office, "telling", {"query": "SELECT id, error(email) AS mail FROM customers"}, "mail")
    office.project["models"]["telling"]["connection"] = "shop"
    office.apply()
    owner = visit()
    set_masked("shop", ["email"])
    run = started(owner, "/syncs/telling/run/")
    failed = Run.objects.get(pk=run)
    assert (failed.status, SECRET in failed.error) == ("failed", False)
    assert "what it said is not shown" in failed.error
    addresses = ("/", f"/runs/{run}/", "/models/telling/rows/", "/syncs/telling/configuration/")
    assert leaks({address: owner.get(address).getvalue().decode() for address in addresses}) == []


def test_what_was_sent_of_a_masked_column_is_hidden_after_its_model_moved_to_another_connection(
    office: Desk, visit: Visit
) -> None:
    """Also when the connection it was read through is gone: what is remembered of it is not."""
    office.sql("UPDATE users SET email = 'canary-' || id || '@example.com'")
    office.people_sync["mappings"] += [{"from": "email", "to": "contact"}]
    office.apply()
    owner = visit()
    set_masked("company", ["email"])
    _refused(office, "attributes.contact")
    first = started(owner, "/syncs/people/run/")
    office.workspace.heal()
    office.sql("UPDATE users SET email = 'open-' || id || '@example.com'")
    office.project["connections"]["other"] = {**office.project["connections"]["company"], "name": "Other"}
    for model in office.project["models"].values():
        model["connection"] = "other"
    del office.project["connections"]["company"]
    office.apply("--prune", "--yes")
    assert not Connection.objects.filter(key="company").exists()

    def read(*addresses: str) -> dict[str, str]:
        record = owner.post("/syncs/people/records/", {"key": "9"}).headers["Location"]
        plan = owner.post("/syncs/people/plan/").headers["Location"]
        addresses += (record, f"{record.rstrip('/')}.json", plan, f"{plan}plan.csv?values=1")
        return {address: owner.get(address).getvalue().decode() for address in addresses}

    told = read(f"/runs/{first}/rows/", "/syncs/people/rejected/", "/syncs/people/rejected.csv?values=1")
    assert leaks(told) == []
    assert "company" in owner.get("/settings/masks/").content.decode()
    assert [mask.connection_name for mask in listing()] == [""]


def test_what_was_sent_of_a_masked_column_is_hidden_after_its_field_is_made_of_another(
    office: Desk, visit: Visit
) -> None:
    """Also by a mask that is newer than the mapping, and when the runs that sent it are not kept any more."""
    office.sql("UPDATE users SET email = 'canary-' || id || '@example.com'")
    office.people_sync["behavior"] = "mirror"
    office.people_sync["mappings"] += [{"from": "email", "to": "contact"}, {"from": "email", "to": "other"}]
    office.apply()
    owner = visit()
    started(owner, "/syncs/people/run/")
    office.people_sync["mappings"][-2:] = [{"from": "visits", "to": "contact"}]
    office.apply()
    set_masked("company", ["email"])
    office.sql("DELETE FROM users WHERE id > 40")

    def read() -> dict[str, str]:
        record = owner.post("/syncs/people/records/", {"key": "7"}).headers["Location"]
        plan = owner.post("/syncs/people/plan/").headers["Location"]
        addresses = (record, f"{record.rstrip('/')}.json", plan, f"{plan}plan.csv?values=1")
        return {address: owner.get(address).getvalue().decode() for address in addresses}

    told = read()
    assert leaks(told) == []
    assert all("•••" in text for address, text in told.items() if not address.endswith(".json"))
    assert '"visits": "7"' in "".join(told.values())  # what was never masked is shown
    run = started(owner, "/syncs/people/run/")
    assert leaks({"rows": owner.get(f"/runs/{run}/rows/").content.decode()}) == []
    Run.objects.exclude(pk=run).delete()
    assert leaks(read()) == []
