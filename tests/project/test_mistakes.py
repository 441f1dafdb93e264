from __future__ import annotations

from pathlib import Path

import pytest

from headcount.errors import ConfigurationError
from headcount.project.problems import ProjectError
from headcount.project.reading import read_file, read_project
from tests.project.sample import PROJECT, changed, mistakes

# What is replaced in the sample, and the complaint it must cause: line, path, what is wrong, the mend.
CASES: dict[str, tuple[str, str, str]] = {
    "an unknown key": (
        "nulls: skip",
        "nuls: skip",
        "headcount.yml:33: syncs.users.mappings[4].nuls: There is no key nuls here. Did you mean nulls?",
    ),
    "a key one step too high": (
        "triggers: {schedule: {frequency: daily, hour: 6, timezone: Europe/Berlin}, after: [users]}",
        "schedule: {frequency: daily}",
        ":53: syncs.orders.schedule: There is no key schedule here. Put it under triggers.",
    ),
    "a cron expression of six fields": (
        "frequency: daily, hour: 6",
        "cron: 0 0 25 * * *",
        ":53: syncs.orders.triggers.schedule.cron: This cron expression has 6 fields. Its five fields are",
    ),
    "an unknown section": ("syncs:", "sinks:", ":22: sinks: There is no section sinks. Did you mean syncs?"),
    "another version": (
        "version: 1",
        "version: 2",
        ":1: version: This Headcount reads version 1. Write version: 1.",
    ),
    "a key that is no key": (
        "  warehouse:",
        "  my warehouse:",
        ":3: connections.my warehouse: my warehouse cannot be",
    ),
    "a key that is an address": (
        "  warehouse:",
        "  new:",
        ":3: connections.new: new cannot be a key: addresses of pages have that word. Choose another key.",
    ),
    "an unknown type of connection": (
        "type: duckdb",
        "type: duckbd",
        ":5: connections.warehouse.type: There is no connection of type duckbd. Did you mean duckdb?",
    ),
    "an unknown field of a connection": (
        "path: /data",
        "paht: /data",
        ":6: connections.warehouse.paht: A duckdb connection has no field paht. Did you mean path?",
    ),
    "a missing field of a connection": (
        "    site_id: env:CIO_SITE_ID\n",
        "",
        ":7: connections.production.site_id: A customerio connection needs site_id.",
    ),
    "a secret in the file": (
        "api_key: env:CIO_API_KEY",
        "api_key: hunter2",
        ":11: connections.production.api_key: api_key is a secret and must not be written down here. "
        "Write env:NAME, file:PATH or stored. For example: api_key: env:API_KEY",
    ),
    "a password in an address": (
        "budget:",
        "base_url: http://me:hunter2@host\n    budget:",
        ":13: connections.production.base_url: base_url holds a password. Put it into a field of its own.",
    ),
    "a choice that is not offered": (
        "budget:",
        "region: ue\n    budget:",
        ":13: connections.production.region: region cannot be ue.",
    ),
    "a base URL without http": (
        "budget:",
        "base_url: 127.0.0.1:8026\n    budget:",
        ":13: connections.production.base_url: base_url is no web address. It looks like http://127.0.0.1:8026.",
    ),
    "a budget that is no number": (
        "max_items: 200",
        "max_items: many",
        ":13: connections.production.budget.max_items: max_items must be a whole number.",
    ),
    "a reserve of everything": (
        "max_items: 200",
        "reserve: 1",
        ":13: connections.production.budget.reserve: reserve must be at most 0.95.",
    ),
    "a budget on a source": (
        "path: /data",
        "budget: {senders: 2}\n    path: /data",
        ":6: connections.warehouse.budget: A duckdb connection has no field budget.",
    ),
    "a model without rows": (
        ", table: orders}",
        "}",
        ":21: models.orders: A model has exactly one of table, query and path; this one names none of them. Add one.",
    ),
    "a model with rows twice": (
        ", table: orders}",
        ", table: orders, query: select 1}",
        ":21: models.orders: A model has exactly one of table, query and path; this one has table and query. "
        "Keep the one that is meant.",
    ),
    "a file of a database": (
        ", table: orders}",
        ", path: orders.csv}",
        ":21: models.orders.path: A duckdb connection has no path. Use table or query.",
    ),
    "a model of an unknown connection": (
        "orders: {connection: warehouse",
        "orders: {connection: warehose",
        ":21: models.orders.connection: There is no connection warehose. Did you mean warehouse?",
    ),
    "a model of a destination": (
        "orders: {connection: warehouse",
        "orders: {connection: production",
        ":21: models.orders.connection: production is a destination, and a source is needed here. Use warehouse.",
    ),
    "an unknown type of column": (
        "signed_up: timestamp",
        "signed_up: timestmp",
        ":20: models.users.types.signed_up: signed_up cannot be timestmp. Did you mean timestamp?",
    ),
    "an unknown model": (
        "{model: users}",
        "{model: user}",
        ":25: syncs.users.source.model: There is no model user. Did you mean users?",
    ),
    "an unknown destination": (
        "connection: production, object: person",
        "connection: prodution, object: person",
        ":26: syncs.users.destination.connection: There is no connection prodution. Did you mean production?",
    ),
    "a destination that another file has": (
        "connection: production, object: person",
        "connection: staging, object: person",
        ":26: syncs.users.destination.connection: There is no connection staging. Use production.",
    ),
    "a sync into a source": (
        "connection: production, object: person",
        "connection: warehouse, object: person",
        ":26: syncs.users.destination.connection: warehouse is a source, and a destination is needed here.",
    ),
    "an unknown object": (
        "object: person",
        "object: people",
        ":26: syncs.users.destination.object: Customer.io has no object people. Use person or event.",
    ),
    "an unknown behavior": (
        "behavior: upsert",
        "behavior: miror",
        ":27: syncs.users.behavior: behavior cannot be miror. Did you mean mirror?",
    ),
    "a behavior the object does not offer": (
        "behavior: append_only",
        "behavior: mirror",
        ":43: syncs.orders.behavior: Event offers append_only and nothing else. Write append_only.",
    ),
    "append only for people": (
        "behavior: upsert",
        "behavior: append",
        ":27: syncs.users.behavior: Person offers update_or_create, update_only or mirror, not append_only.",
    ),
    "people without identifier": (
        "    identifier: {from: id, to: id}\n",
        "",
        ":23: syncs.users.identifier: identifier is missing: by what are people known?",
    ),
    "an identifier people do not have": (
        "identifier: {from: id, to: id}",
        "identifier: {from: id, to: phone}",
        ":28: syncs.users.identifier.to: People cannot be known by phone. Use id, email or cio_id.",
    ),
    "people with an event's key": (
        "    mappings:\n      - {from: plan",
        "    unique_id: id\n    mappings:\n      - {from: plan",
        ":29: syncs.users.unique_id: unique_id belongs to events, and this sync makes people.",
    ),
    "events without a first run": (
        "    first_run: backfill\n",
        "",
        ":39: syncs.orders.first_run: first_run is missing. Write backfill to send the rows that are there",
    ),
    "events with an identifier": (
        "unique_id: order_id",
        "unique_id: order_id\n    identifier: {from: id, to: id}",
        ":45: syncs.orders.identifier: identifier belongs to people, and this sync makes events.",
    ),
    "a person nobody can be": (
        "{from: customer_id, to: id}",
        "{from: customer_id, to: phone}",
        ":49: syncs.orders.event.person.to: An event cannot name its person by phone.",
    ),
    "a mapping without a field": (
        "{from: plan, to: plan}",
        "{from: plan}",
        ":30: syncs.users.mappings[1].to: to is missing. The field in the destination",
    ),
    "a value from two places": (
        "{constant: web}",
        "{constant: web, column: channel}",
        ":32: syncs.users.mappings[3].from: A value comes from exactly one of column, constant, template or metadata.",
    ),
    "an unknown fact about the run": (
        "{metadata: run_id}",
        "{metadata: run_idd}",
        ":34: syncs.users.mappings[5].from.metadata: metadata cannot be run_idd. Did you mean run_id?",
    ),
    "an unknown type of mapping": (
        "type: timestamp}\n      - {from: {constant",
        "type: date}\n      - {from: {constant",
        ":31: syncs.users.mappings[2].type: type cannot be date.",
    ),
    "a field mapped twice": (
        "to: tier",
        "to: plan",
        ":35: syncs.users.mappings[6].to: The field plan is mapped more than once. Keep one mapping for each field.",
    ),
    "the identifier mapped again": (
        "to: tier",
        "to: id",
        ":35: syncs.users.mappings[6].to: The field id is this sync's identifier and is mapped a second time.",
    ),
    "null rules twice": (
        "sync_null_values: false",
        "sync_null_values: false, nulls: keep",
        ":35: syncs.users.mappings[6]: nulls and sync_null_values say the same thing twice.",
    ),
    "an unknown style of names": (
        "names: snake_case",
        "names: snake",
        ":36: syncs.users.sync_all_columns.names: names cannot be snake. Did you mean snake_case?",
    ),
    "an unknown check": (
        "warn: [attribute_value_bytes]",
        "warn: [attribute_bytes]",
        ":37: syncs.users.checks.warn[1]: Person has no check attribute_bytes. Did you mean attribute_value_bytes?",
    ),
    "a share of more than all": (
        "max_removed: 0.2",
        "max_removed: 20",
        ":38: syncs.users.guards.max_removed: max_removed must be at most 1",
    ),
    "two ways to be due": (
        "frequency: daily",
        "frequency: daily, every_minutes: 5",
        ":53: syncs.orders.triggers.schedule: A schedule has exactly one of every_minutes, frequency, cron; "
        "this one has every_minutes and frequency. For example: schedule: {every_minutes: 15}.",
    ),
    "no way to be due": (
        "frequency: daily, hour: 6, ",
        "",
        ":53: syncs.orders.triggers.schedule: A schedule has exactly one of every_minutes, frequency, cron; "
        "this one has none of them.",
    ),
    "a cron expression that is none": (
        "frequency: daily, hour: 6",
        "cron: 0 25 * * *",
        ":53: syncs.orders.triggers.schedule.cron: This is no cron expression: bad hour. Its five fields are",
    ),
    "an unknown time zone": (
        "Europe/Berlin",
        "Berlin",
        ":53: syncs.orders.triggers.schedule.timezone: There is no time zone Berlin. Use a name such as Europe/Berlin",
    ),
    "a sync after one that is not there": (
        "after: [users]",
        "after: [user]",
        ":53: syncs.orders.triggers.after[1]: There is no sync user. Did you mean users?",
    ),
    "a sync that waits for itself": (
        "after: [users]",
        "after: [orders]",
        ":53: syncs.orders.triggers.after[1]: orders would wait for itself. Name a sync that does not",
    ),
    "a number for a text": (
        "name: Users to People",
        "name: 12",
        ":24: syncs.users.name: name must be text. Put it in quotes.",
    ),
    "a text for a yes or no": (
        "zero_rows: true",
        "zero_rows: yes",
        ":38: syncs.users.guards.zero_rows: zero_rows must be true or false.",
    ),
    "a mapping for a list": (
        "    mappings:\n      - {from: total, to: total}",
        "    mappings: {from: total, to: total}",
        ":51: syncs.orders.mappings: mappings must be a list. Begin each of its lines with a dash.",
    ),
    "a text for a mapping": (
        "source: {model: orders}",
        "source: orders",
        ":41: syncs.orders.source: source must hold keys and values. Write them below it, indented.",
    ),
    "a key given twice": (
        "unique_id: order_id",
        "unique_id: order_id\n    unique_id: number",
        ":45: syncs.orders.unique_id: unique_id stands here a second time; the first is in line 44. Keep one of them.",
    ),
    "a merge": (
        "version: 1",
        "<<: {a: 1}\nversion: 1",
        ":1: Merging with << is not supported. Write the keys out.",
    ),
    "a tag": (
        "version: 1",
        "version: !special 1",
        ":1: version: The tag !special means nothing here. Remove it.",
    ),
    "a tab": ("    name: Warehouse", "\tname: Warehouse", ":4: This is not YAML"),
    "an open quote": ("name: Warehouse", 'name: "Warehouse', "This is not YAML"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_named_with_its_line_and_the_mend(case: str) -> None:
    old, new, complaint = CASES[case]
    found = mistakes(changed((old, new)))
    assert any(complaint in line for line in found), found
    assert all(line.startswith("headcount.yml:") for line in found)


def test_two_destinations_of_one_name_are_refused_where_somebody_wrote_them() -> None:
    production = "  production:\n    name: Production\n"
    twin = production.replace("production", "copy", 1)
    rest = "    type: customerio\n    site_id: env:S\n    api_key: env:A\n"
    text = changed((production, f"{twin}{rest}{production}"))
    with pytest.raises(ProjectError) as caught:
        read_project(text, by_hand=True)
    complaint = (
        "connections.production.name: The destinations copy and production are both called Production."
    )
    assert complaint in str(caught.value.problems[0])
    assert len(read_project(text).connections) == 3  # what is stored can still be changed


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = changed(
        ("type: duckdb", "type: duck"),
        ("nulls: skip", "nuls: skip"),
        ("behavior: append_only", "behavior: x"),
    )
    lines = [int(line.split(":")[1]) for line in mistakes(text)]
    assert lines == sorted(lines)
    assert {5, 33, 43} <= set(lines)


BROKEN = (  # in the shape of a model, and of both syncs
    ("table: orders}", "table: orders, tpyes: {}}"),
    ("name: Users to People", "nmae: Users to People"),
    ("name: Orders to Events", "name: [Orders]"),
)


@pytest.mark.parametrize("case", [case for case in CASES if "This is not YAML" not in CASES[case][2]])
def test_what_is_broken_elsewhere_in_an_entry_hides_no_mistake(case: str) -> None:
    old, new, complaint = CASES[case]
    alone = mistakes(changed((old, new)))
    text = changed((old, new))
    for right, wrong in BROKEN:
        text = text.replace(right, wrong, 1)
    together = mistakes(text)
    assert any(complaint in line for line in together), together
    told_of_breaks = [
        line for line in together if "tpyes" in line or "nmae" in line or "must be text" in line
    ]
    assert set(together) - set(told_of_breaks) <= set(alone), "and nothing is made up"


def test_an_unknown_object_hides_no_mistake_in_mappings() -> None:
    twice = "{from: plan, to: plan}\n      - {from: email, to: plan}"
    told = "\n".join(
        mistakes(changed(("object: person", "object: people"), ("{from: plan, to: plan}", twice)))
    )
    assert "Customer.io has no object people." in told
    assert "The field plan is mapped more than once." in told


def test_layers_of_mistakes_are_told_in_one_pass() -> None:
    text = changed(
        ("nulls: skip", "nuls: skip"),  # shape
        ("to: full_name", "to: plan"),  # a field twice
        ("source: {model: users}", "source: {model: user}"),  # a reference
        ("    mappings:\n", "    mappings:\n      - {from: x, to: _update}\n      - {from: y}\n"),
        ("{constant: web}", '{template: "{{ x"}'),
        ("to: id}", "to: phone}"),
        ("frequency: daily", "cron: x"),
        ("type: duckdb", "type: duckdb\n    type: sqlite"),
    )
    found = "\n".join(mistakes(text))
    for words in (
        "There is no key nuls here",
        "The field plan is mapped more than once",
        "There is no model user.",
        "_update is not an attribute",
        "mappings[2].to: to is missing",
        "mappings[5].from: ",
        "People cannot be known by phone",
        "triggers.schedule.cron: ",
        "type stands here a second time",
    ):
        assert words in found, (words, found)


def test_no_complaint_quotes_a_secret() -> None:
    for field in ("api_key: env:CIO_API_KEY", "app_api_key: file:/run/secrets/app.key"):
        name = field.split(":")[0]
        for value in ("hunter2", "[hunter2]", "{a: hunter2}", "env:hunter2!", '"hunter2'):
            with pytest.raises(ConfigurationError) as caught:
                read_project(changed((field, f"{name}: {value}")))
            assert "hunter2" not in str(caught.value)
            assert "hunter2" not in repr(caught.value.__cause__)


def test_a_file_that_refers_to_itself_for_ever_is_refused() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    for text in (bomb, "version: &v [*v]"):
        with pytest.raises(ProjectError, match="An alias refers to what it is part of"):
            read_project(text)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="headcount init DIR"):
        read_file(tmp_path / "headcount.yml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "headcount.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        read_file(tmp_path / "headcount.yml")


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "version: 1\n", "version: 1\nconnections:\nmodels:\nsyncs:\n"]
)
def test_an_empty_file_never_ends_in_a_traceback(text: str) -> None:
    if "version" in text:
        assert not read_project(text).connections
    else:
        assert "version" in mistakes(text)[0]


def test_the_sample_itself_is_right() -> None:
    assert set(read_project(PROJECT).syncs) == {"users", "orders"}


def test_the_file_of_dbt_is_found_from_where_the_project_file_is(tmp_path: Path) -> None:
    file = tmp_path / "headcount.yml"
    for named, meant in (
        ("dbt/target/r.json", tmp_path / "dbt/target/r.json"),
        ("/srv/r.json", Path("/srv/r.json")),
    ):
        triggers = "    triggers: {after_dbt: " + named + "}\n    sync_all_columns"
        file.write_text(changed(("    sync_all_columns", triggers)))
        assert read_file(file).syncs["users"]["triggers"] == {"after_dbt": str(meant)}
