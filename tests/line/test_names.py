"""Field names made from column names, and Sync All Properties."""

from __future__ import annotations

import pytest

from headcount.errors import ConfigurationError
from headcount.model import NameStyle
from headcount.names import styled
from tests.line.harness import World, column, counts, people

S = NameStyle


@pytest.mark.parametrize(
    ("name", "style", "expected"),
    [
        ("signup_date", S.CAMEL, "signupDate"),
        ("SignupDate", S.SNAKE, "signup_date"),
        ("HTTPServer2", S.SNAKE, "http_server_2"),
        ("signup date", S.START, "Signup Date"),
        ("signupDate", S.LOWER, "signup date"),
        ("signup-date", S.UPPER, "SIGNUP DATE"),
        ("Größe_der Straße", S.SNAKE, "größe_der_straße"),
        ("ÄrzteListe", S.SNAKE, "ärzte_liste"),
        ("名前", S.SNAKE, "名前"),
        ("__", S.SNAKE, "__"),
        ("As Is", S.MATCH_SOURCE, "As Is"),
    ],
)
def test_a_column_name_becomes_a_field_name(name: str, style: NameStyle, expected: str) -> None:
    assert styled(name, style) == expected


def test_all_columns_that_no_mapping_reads_are_sent_and_new_ones_join_in(world: World) -> None:
    sync = people(column("tier", "plan"), all_columns=S.SNAKE)
    world.table({"id": "INTEGER", "plan": "VARCHAR", "lastSeen": "INTEGER"}, (1, "a", 5))
    world.run(sync)
    assert world.wires()["1"] == {"tier": '"a"', "last_seen": "5"}
    world.table({"id": "INTEGER", "plan": "VARCHAR", "lastSeen": "INTEGER", "x": "VARCHAR"}, (1, "a", 5, "n"))
    result = world.run(sync)
    counts(result, read=1, change=1, accepted=1)
    assert result.frozen.planned.new_fields == ("x",)
    world.table({"id": "INTEGER", "plan": "VARCHAR"}, (1, "a"))
    counts(world.run(sync), read=1, unchanged=1)


def test_two_columns_that_would_become_one_field_are_refused(world: World) -> None:
    world.table({"id": "INTEGER", "lastSeen": "INTEGER", "last_seen": "INTEGER"}, (1, 2, 3))
    with pytest.raises(ConfigurationError, match="lastSeen and last_seen"):
        world.run(people(all_columns=S.SNAKE))
