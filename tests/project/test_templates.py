"""Templates are parsed when the file is read, not when the first row comes by."""

from __future__ import annotations

import pytest

from headcount.project.problems import ProjectError
from headcount.project.reading import read_project

FILE = """
version: 1
connections:
  w: {type: duckdb, path: w.duckdb}
  c: {type: customerio, site_id: env:S, api_key: env:K}
models:
  m: {connection: w, table: t}
syncs:
  s:
    source: {model: m}
    destination: {connection: c, object: person}
    behavior: update_or_create
    identifier: {from: id, to: id}
    mappings:
      - {from: {template: "TEMPLATE"}, to: full_name}
"""


def test_a_template_that_cannot_be_parsed_is_refused_with_its_line() -> None:
    with pytest.raises(ProjectError) as refused:
        read_project(FILE.replace("TEMPLATE", "{{ first_name "))
    assert "headcount.yml:15" in str(refused.value)
    assert "Mend the Liquid syntax" in str(refused.value)


def test_a_template_that_can_be_parsed_is_taken() -> None:
    project = read_project(FILE.replace("TEMPLATE", "{{ first_name | upcase }}"))
    assert project.syncs["s"]["mappings"]
