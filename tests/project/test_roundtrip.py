from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from headcount.project.lines import read
from headcount.project.project import Project
from headcount.project.reading import read_project
from headcount.project.writing import write_project
from tests.project.sample import PROJECT, changed, project

NASTY = [
    "yes",
    "no",
    "null",
    "~",
    "1",
    "1e5",
    ".5",
    "0x1f",
    "12:30",
    "2024-01-01",
    "<<",
    "=",
    "- a",
    "a: b",
    "#",
]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30) | st.sampled_from(NASTY)
NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ORIGINS = st.one_of(
    TEXT,
    st.builds(lambda value: {"constant": value}, JSON),
    st.builds(lambda text: {"template": text}, TEXT),
    st.sampled_from([{"metadata": "run_id"}, {"metadata": "sync_name"}]),
)


def test_a_written_project_reads_back_as_itself() -> None:
    text = write_project(project())
    assert read_project(text) == project()
    assert write_project(read_project(text)) == text


def test_short_forms_and_synonyms_mean_the_same_as_the_long_ones() -> None:
    long = changed(
        ("behavior: upsert", "behavior: {operation: update_or_create}"),
        ("{from: plan, to: plan}", "{from: {column: plan}, to: plan, nulls: unset, type: auto}"),
        ("{constant: web}", "{type: constant_value, data: {value: web, basic_type: text}}"),
        ("{metadata: run_id}", "{type: sync_metadata, data: sync_run_id}"),
        ("{type: column, data: tier}, to: tier, sync_null_values: false", "tier, to: tier, nulls: skip"),
        ("sync_all_columns: {enabled: true, names: snake_case}", "sync_all_columns: snake_case"),
        ("guards: {max_changed: 0.5, max_removed: 0.2, zero_rows: true}", "guards: {max_removed: 0.2}"),
    )
    assert read_project(long) == project()


def test_relative_paths_are_read_from_the_files_own_folder(tmp_path: Path) -> None:
    text = changed(
        ("path: /data/shop.duckdb", "path: shop.duckdb"), ("file:/run/secrets/app.key", "file:app.key")
    )
    found = read_project(text, folder=tmp_path).connections
    assert found["warehouse"]["path"] == str(tmp_path / "shop.duckdb")
    assert found["production"]["app_api_key"] == f"file:{tmp_path / 'app.key'}"


def test_words_that_other_yaml_readers_take_for_something_else_are_text() -> None:
    assert read("a: [yes, on, 12:30, 2024-01-01, 0x1f, 1_000]", "f").value == {
        "a": ["yes", "on", "12:30", "2024-01-01", "0x1f", "1_000"]
    }


def test_words_that_mean_numbers_and_nothing_keep_their_meaning() -> None:
    value = read("a: [1, -2, 1.5, 1e3, true, null, ~, '1', \"true\"]", "f").value
    assert value == {"a": [1, -2, 1.5, 1000.0, True, None, None, "1", "true"]}


@given(origin=ORIGINS, to=TEXT, name=TEXT, query=TEXT, column=TEXT)
@example(origin={"constant": None}, to="x", name="a\n b\n", query="select 1\n\n\n", column="\x85")
@example(origin={"constant": {"a": []}}, to="\ufeff", name=" ", query="\tselect\n  1 \n", column="'\"")
@example(origin={"constant": []}, to="null", name="1e5", query="\n", column="yes")
def test_any_words_survive_writing_and_reading(
    origin: Any, to: str, name: str, query: str, column: str
) -> None:
    sync = {
        "name": name,
        "source": {"model": "m"},
        "destination": {"connection": "c", "object": "person"},
        "behavior": "mirror",
        "identifier": {"from": column, "to": "id"},
        "mappings": [{"from": origin, "to": to}],
    }
    model = {"connection": "s", "query": query, "types": {column: "text"}}
    before = Project(
        connections={"s": {"type": "duckdb", "path": "/p"}}, models={"m": model}, syncs={"s": sync}
    )
    document = read(write_project(before), "f").value
    assert document["models"]["m"] == model
    assert document["syncs"]["s"] == sync


def test_the_sample_uses_every_section() -> None:
    assert all(word in PROJECT for word in ("connections:", "models:", "syncs:"))
