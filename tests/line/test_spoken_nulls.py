"""NULLs that must not be spoken, and JSON inside JSON strings."""

from __future__ import annotations

import pytest

from headcount.destinations.customerio.objects import OBJECTS
from headcount.mapping import compile_sync
from headcount.model import Behavior, Column, FromColumn, Kind, Mapping, Model, NameStyle, NullRule, Sync
from headcount.names import styled
from headcount.prepare import parsed_column

TOPIC = "cio_subscription_preferences.topics.topic_1"


@pytest.mark.parametrize("field", ["unsubscribed", TOPIC])
@pytest.mark.parametrize("rule", list(NullRule))
def test_a_null_never_subscribes_anybody(field: str, rule: NullRule) -> None:
    sync = Sync(
        key="s", name="s", model=Model(key="m", name="m", connection="w", table="t"), destination="c", object="person",
        behavior=Behavior.UPDATE_OR_CREATE, identifier="id", key_column="id",
        mappings=(Mapping(to=field, source=FromColumn("flag"), null=rule),),
    )  # fmt: skip
    columns = [Column(name="id", kind=Kind.INTEGER), Column(name="flag", kind=Kind.BOOLEAN)]
    (mapping,) = compile_sync(sync, columns, OBJECTS["person"]).fields
    assert mapping.null is NullRule.SKIP


@pytest.mark.parametrize(
    ("value", "wire"),
    [
        ('"{\\"b\\":1.0,\\"a\\":2}"', '{"a":2,"b":1}'),
        ('{"b":1,"a":2}', '{"a":2,"b":1}'),
        ('"no json"', "!json"),
        (None, None),
    ],
)
def test_json_inside_a_json_string_is_read_when_the_type_says_so(value: str | None, wire: str | None) -> None:
    column = Column(name="c", kind=Kind.VARIANT)
    assert parsed_column("p", column).make({"c": value}) == wire


@pytest.mark.parametrize(
    ("column", "name"),
    [("Größe", "größe"), ("ÉtatCivil", "état_civil"), ("userID", "user_id"), ("HTTPServer", "http_server")],
)
def test_name_styles_know_every_alphabet(column: str, name: str) -> None:
    assert styled(column, NameStyle.SNAKE) == name
