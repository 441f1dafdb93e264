from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from headcount.project.reading import read_project
from headcount.project.schema import schema, schema_text
from headcount.project.writing import write_project
from headcount.service.starting import STARTER
from tests.project.sample import PROJECT, changed, project

DOCS = Path(__file__).parents[2] / "docs"


def test_the_schema_in_the_docs_is_current() -> None:
    assert (DOCS / "headcount.schema.json").read_text() == schema_text(), (
        "write it with: headcount schema > docs/headcount.schema.json"
    )


@pytest.mark.parametrize("text", [PROJECT, write_project(project()), STARTER.read_text()])
def test_what_headcount_reads_the_schema_allows(text: str) -> None:
    jsonschema.validate(yaml.safe_load(text), schema())


@pytest.mark.parametrize(
    ("old", "new"),
    [("nulls: skip", "nuls: skip"), ("type: duckdb", "type: duck"), ("env:CIO_API_KEY", "hunter2")],
)
def test_what_headcount_refuses_the_schema_refuses(old: str, new: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(changed((old, new))), schema())


def test_the_file_to_start_from_is_right_as_it_stands_and_with_its_comments_opened() -> None:
    text = STARTER.read_text()
    assert set(read_project(text).syncs) == {"users"}
    opened = "\n".join(
        line.replace("# ", "", 1)
        if line.lstrip().startswith(("# orders", "#   ", "# app", "# budget"))
        else line
        for line in text.split("\n")
    )
    assert set(read_project(opened).syncs) == {"users", "orders"}


def _keys(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*(_keys(item) for item in value)) if value else set()
    if not isinstance(value, dict):
        return set()
    properties = value.get("properties")
    own = set(properties) if isinstance(properties, dict) else set()
    return own.union(*(_keys(item) for item in value.values()))


def test_every_key_and_word_of_the_file_stands_in_the_manual() -> None:
    manual = (DOCS / "configuration.md").read_text()
    missing = [key for key in sorted(_keys(schema())) if f"`{key}`" not in manual and f"{key}:" not in manual]
    assert not missing
    words = json.dumps(schema())
    for word in (
        "update_or_create",
        "record_as_seen",
        "snake_case",
        "timestamptz",
        "base64",
        "run_started_at",
    ):
        assert word in words
        assert f"`{word}`" in manual
