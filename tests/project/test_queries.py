"""The SQL of models is read when the project file is."""

from __future__ import annotations

from pathlib import Path

import pytest

from headcount.engines import ENGINES
from headcount.engines.grammar import doubtful_line
from headcount.project.problems import ProjectError
from headcount.project.reading import read_file
from tests.project.sample import changed

QUERY = "select *\n      from users"
CASES = {
    "no SELECT": ("delete from users", "begins with 'DELETE'", "one SELECT"),
    "two statements": ("select 1;\n      select 2", "more than one statement", "one SELECT"),
    "a writing SELECT": ("with a as (select 1) insert into b select * from a", "INSERT", "one SELECT"),
    "brackets": ("select (1", "brackets of the model's SQL do not match", ""),
    "a typing mistake": ("select *\n      form users where 1", "cannot be read: line 2: ", "Correct the SQL"),
    "a word too much": ("select id from from users", "cannot be read: ", "Correct the SQL"),
}


def complaint(folder: Path, sql: str, engine: str) -> str:
    text = changed((QUERY, sql), ("type: duckdb", f"type: {engine}"))
    (folder / "headcount.yml").write_text(text)
    with pytest.raises(ProjectError) as caught:
        read_file(folder / "headcount.yml")
    [problem] = caught.value.problems
    return str(problem)


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize(("sql", "wrong", "mend"), CASES.values(), ids=CASES)
def test_sql_that_cannot_be_a_model_is_told_with_its_line_and_the_mend(
    tmp_path: Path, sql: str, wrong: str, mend: str, engine: str
) -> None:
    said = complaint(tmp_path, sql, engine)
    assert said.startswith("headcount.yml:17: models.users.query: The ")
    assert wrong in said
    assert mend in said


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_tables_that_are_not_there_are_no_mistake_of_the_file(tmp_path: Path, engine: str) -> None:
    text = changed(("type: duckdb", f"type: {engine}"), (QUERY, "select a.*, strange(b) from nowhere a"))
    (tmp_path / "headcount.yml").write_text(text)
    assert "strange" in read_file(tmp_path / "headcount.yml").models["users"]["query"]


def test_what_only_the_database_can_judge_has_a_doubtful_line() -> None:
    for engine in ("postgresql", "mysql"):
        dialect = ENGINES[engine].dialect
        assert doubtful_line("select *\nfrom users where where", dialect) == 2
        assert doubtful_line("select id, count(*) over () from users", dialect) is None
