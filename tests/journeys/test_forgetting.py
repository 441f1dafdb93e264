"""A person who asks to be forgotten is forgotten: no file of the home holds a word about them."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from headcount.control.models import Run
from headcount.control.setup import close
from headcount.service.outlets import add_webhook
from tests.journeys.desk import Desk, sums

NAME = "ada.the.unforgettable"


@pytest.fixture
def known(desk: Desk) -> Desk:
    return know(desk)


def know(desk: Desk, address: str = f"{NAME}@example.com") -> Desk:
    """A person who was sent, changed, refused and invalid, and has events, one of them refused."""
    people = desk.people_sync
    people["identifier"] = {"from": "email", "to": "email"}
    people["behavior"] = "update_or_create"
    desk.project["models"]["orders"] = {
        "connection": "company",
        "query": "SELECT o.*, coalesce(u.email, 'nobody') AS who FROM orders o LEFT JOIN users u ON u.id = o.user_id",
    }
    desk.project["syncs"]["events"]["event"]["person"] = {"from": "who", "to": "email"}
    desk.sql(f"UPDATE users SET email = '{address}' WHERE id = 7")
    desk.apply()
    desk.run("people")
    desk.sql("UPDATE users SET plan = 'pro' WHERE id = 7")
    desk.workspace.fault(
        kind="errors",
        rows={"keys": [f"{NAME}@example.com"]},
        error={"reason": "invalid", "field": "attributes.plan", "message": f"{NAME} is not welcome"},
    )
    desk.run("people", code=1)
    desk.workspace.heal()
    desk.run("events")
    return desk


def words(home: Path) -> list[str]:
    """The files that hold the name, in any form that is not compressed."""
    return [str(p) for p in home.rglob("*") if p.is_file() and NAME.encode() in p.read_bytes()]


@pytest.mark.sqlite_store
def test_no_trace_is_left_and_the_next_run_sends_the_row_as_a_new_one(known: Desk) -> None:
    before = known.done("explain", "people", f"{NAME}@example.com").out
    assert "pro" in before
    assert words(known.home)  # it can be found while it is there
    said = known.done("forget", f"{NAME.upper()}@example.com", "--yes", "--json").json
    assert {each["sync"] for each in said} == {"people", "events"}
    [people] = [each for each in said if each["sync"] == "people"]
    assert people["acknowledged"]
    assert people["held"]
    assert people["plan_rows"] == 2
    assert people["listed"] == 1
    assert "nothing" in known.cli("explain", "people", f"{NAME}@example.com").all.lower()
    assert words(known.home) == []
    assert known.count(f"SELECT count(*) FROM control_rejected WHERE key LIKE '%{NAME}%'") == 0
    assert known.count(f"SELECT count(*) FROM control_receipt WHERE exceptions LIKE '%{NAME}%'") == 0
    assert sums(known.run("people")) == (1, 0, 0, 1)


@pytest.mark.sqlite_store
def test_runs_alerts_and_messages_that_name_the_person_do_so_no_more(known: Desk) -> None:
    add_webhook("ours", "http://127.0.0.1:9/hook")
    known.done("test", "people", "--key", f"{NAME}@example.com", code=0)
    known.sql("ALTER TABLE users RENAME TO moved")
    known.run("people", code=3)
    complaint = f"invalid input: {NAME}@example.com"  # as some databases say it
    with known.control() as database:
        failed = "(SELECT max(id) FROM control_run)"
        database.execute(f"UPDATE control_run SET error = ? WHERE id = {failed}", [complaint])
        database.execute(f"UPDATE control_alert SET words = ? WHERE run_id = {failed}", [complaint])
        database.execute(f"UPDATE control_delivery SET body = ? WHERE run_id = {failed}", [complaint])
    waiting = known.count("SELECT count(*) FROM control_delivery")
    assert known.count(f"SELECT count(*) FROM control_delivery WHERE body LIKE '%{NAME}%'")
    assert known.count("SELECT count(*) FROM control_run WHERE keys <> '[]'") == 1

    said = known.done("forget", f"{NAME}@example.com", "--yes").out
    assert "2 runs that named it" in said
    assert "Not erased" in said
    assert words(known.home) == []
    assert known.count("SELECT count(*) FROM control_run WHERE keys <> '[]'") == 0
    assert 0 < known.count("SELECT count(*) FROM control_delivery") < waiting


def test_a_plan_that_another_release_wrote_in_its_own_words_is_erased_whole(known: Desk) -> None:
    events = Run.objects.filter(sync__key="events").latest("id")
    snapshot = {**events.sync_snapshot, "sync": {**events.sync_snapshot["sync"], "definition": {"of": 1}}}
    Run.objects.filter(pk=events.pk).update(sync_snapshot=snapshot, plan_fields=[])
    assert (known.home / "plans" / str(events.pk)).exists()
    known.done("forget", f"{NAME}@example.com", "--yes")
    assert not (known.home / "plans" / str(events.pk)).exists()


@pytest.mark.sqlite_store
def test_no_table_of_postgresql_holds_a_word_either(
    desk: Desk, postgresql_address: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database_of_its_own(postgresql_address)
    close()
    shutil.rmtree(desk.home)
    monkeypatch.setenv("HEADCOUNT_DATABASE_URL", url)
    know(desk)
    desk.done("test", "people", "--key", f"{NAME}@example.com")
    assert {"headcount_state", "public"} <= {schema for schema, _ in naming(url)}
    desk.done("forget", f"{NAME}@example.com", "--yes")
    assert naming(url) == []
    assert words(desk.home) == []
    assert sums(desk.run("people")) == (1, 0, 0, 1)


def database_of_its_own(address: dict[str, Any]) -> str:
    name, host = f"forgetting_{uuid.uuid4().hex}", address["host"]
    with psycopg.connect(host=host, dbname="postgres", user="postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    return f"postgresql://postgres@/{name}?host={host}"


def naming(url: str) -> list[tuple[str, str]]:
    """Schema and name of every table in which the name stands."""
    query = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    with psycopg.connect(url) as database:
        return [
            (schema, table)
            for schema, table in database.execute(query).fetchall()
            if database.execute(
                f"SELECT 1 FROM {schema}.{table} t WHERE position(%s IN t::text) > 0 LIMIT 1",  # type: ignore[arg-type]
                [NAME],
            ).fetchone()
        ]


def test_the_rows_of_others_stay_where_they_were_in_the_plans(known: Desk) -> None:
    known.done("forget", f"{NAME}@example.com", "--yes")
    story = known.done("explain", "people", "p9@example.com", "--json").json
    assert story["chapters"][-1]["answer"] == "accepted"
    assert known.run("people")["plan"]["change"] == 0


def naming_in_plans(home: Path) -> int:
    """Rows of plans, and of what is held, that hold the name in capitals or not."""
    plans = list(home.glob("plans/*/plan.parquet"))
    said = sum(_text_of(plan).lower().count(NAME) for plan in plans)
    return said + sum(NAME.encode() in state.read_bytes().lower() for state in home.glob("state/*.duckdb"))


def _text_of(plan: Path) -> str:
    return str(duckdb.sql(f"SELECT * FROM read_parquet('{plan}')").fetchall())


@pytest.mark.sqlite_store
@pytest.mark.parametrize(
    "typed", [f"{NAME}@example.com", f"{NAME.title()}@Example.com", f" {NAME.upper()}@EXAMPLE.COM "]
)
def test_an_address_is_found_in_events_however_it_is_written(desk: Desk, typed: str) -> None:
    know(desk, f"{NAME.title()}@Example.com")
    desk.order(1, first=107)
    desk.sql("UPDATE orders SET user_id = 7 WHERE id = 107")
    desk.workspace.fault(kind="errors", rows={"pattern": "(?i)" + NAME}, error={"reason": "invalid"})
    desk.run("events", code=1)
    desk.workspace.heal()
    assert naming_in_plans(desk.home)
    [events] = [
        each for each in desk.done("forget", typed, "--yes", "--json").json if each["sync"] == "events"
    ]
    assert (events["plan_rows"], events["held"], events["listed"]) == (3, True, 1)
    assert naming_in_plans(desk.home) == 0
    assert sums(desk.run("events")) == (1, 0, 0, 1)  # what was refused was never there


@pytest.mark.sqlite_store
@pytest.mark.parametrize("finished", [True, False])
def test_a_plan_of_which_nothing_was_sent_names_nobody_either(known: Desk, finished: bool) -> None:
    known.order(1, first=107)
    known.sql("UPDATE orders SET user_id = 7 WHERE id = 107")
    known.workspace.fault(kind="status", status=401)
    failed = known.run("events", code=3)
    known.workspace.heal()
    assert failed["destination"]["unsent"] == 1
    if not finished:  # as of a process that was killed while it planned
        known.plan_file(failed["run"]).unlink()
    assert naming_in_plans(known.home)
    known.done("forget", f"{NAME}@example.com", "--yes")
    assert words(known.home) == []
    assert naming_in_plans(known.home) == 0


@pytest.mark.sqlite_store
def test_rows_that_have_one_key_name_nobody_who_was_forgotten_by_their_other_values(desk: Desk) -> None:
    know(desk)
    both = "SELECT o.*, u.email AS who FROM orders o JOIN users u ON u.id = 7"
    desk.project["models"]["orders"]["query"] = f"{both} UNION ALL {both}"
    desk.order(1, first=500)
    desk.apply()
    desk.run("events", code=1)
    kept = max(desk.home.glob("plans/*/invalid.parquet"), key=lambda path: int(path.parent.name))
    assert NAME in _text_of(kept)
    desk.done("forget", f"{NAME}@example.com", "--yes")
    assert NAME not in _text_of(kept)
    assert "the key stands in 2 rows" in _text_of(kept)


def test_an_event_is_not_sent_again_because_its_person_was_forgotten(known: Desk) -> None:
    known.done("forget", f"{NAME}@example.com", "--yes")
    assert sums(known.run("events")) == (0, 0, 0, 0)


def test_what_is_on_its_way_must_end_first(known: Desk) -> None:
    known.sql("DELETE FROM users")
    known.run("people", code=3)  # the guard asks
    said = known.done("forget", f"{NAME}@example.com", "--yes", code=2).err
    assert "has not ended" in said
    assert "headcount cancel" in said
    assert known.done("explain", "people", f"{NAME}@example.com")


def test_an_unknown_key_is_said_to_be_unknown(known: Desk) -> None:
    assert "Nothing is kept" in known.done("forget", "nobody@example.com", "--yes").out


def test_kept_bodies_that_mention_the_person_are_dropped_and_others_stay(known: Desk) -> None:
    known.people_sync["api_log"] = {"bodies": True}
    known.apply()
    known.sql("UPDATE users SET plan = 'team' WHERE id IN (7, 8)")
    known.done("retry", "people")
    known.sql("UPDATE users SET plan = 'pro' WHERE id = 9")
    known.run("people")
    with_body = "SELECT count(*) FROM control_exchange WHERE request <> ''"
    assert known.count(f"{with_body} AND request LIKE '%{NAME}%'") == 1
    kept = known.count(with_body)
    known.done("forget", f"{NAME}@example.com", "--yes")
    assert words(known.home) == []
    assert known.count(with_body) == kept - 1 > 0


def test_nobody_is_forgotten_unasked(known: Desk) -> None:
    said = known.done("forget", f"{NAME}@example.com", code=2).err
    assert "nobody is here to ask" in said and "--yes" in said
    assert NAME in known.done("explain", "people", f"{NAME}@example.com").out
    assert "Nothing is kept" not in known.done("forget", f"{NAME}@example.com", "--yes").out
