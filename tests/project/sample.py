"""A project file that uses everything, and what is wrong with a changed one."""

from __future__ import annotations

import pytest

from headcount.project.problems import ProjectError
from headcount.project.project import Project
from headcount.project.reading import read_project

PROJECT = """\
version: 1
connections:
  warehouse:
    name: Warehouse
    type: duckdb
    path: /data/shop.duckdb
  production:
    name: Production
    type: customerio
    site_id: env:CIO_SITE_ID
    api_key: env:CIO_API_KEY
    app_api_key: file:/run/secrets/app.key
    budget: {requests_per_second: 20, max_items: 200}
models:
  users:
    connection: warehouse
    query: |
      select *
      from users
    types: {signed_up: timestamp}
  orders: {connection: warehouse, table: orders}
syncs:
  users:
    name: Users to People
    source: {model: users}
    destination: {connection: production, object: person}
    behavior: upsert
    identifier: {from: id, to: id}
    mappings:
      - {from: plan, to: plan}
      - {from: {column: signed_up}, to: created_at, type: timestamp}
      - {from: {constant: web}, to: channel}
      - {from: {template: "{{ first }} {{ last }}"}, to: full_name, nulls: skip}
      - {from: {metadata: run_id}, to: headcount_run}
      - {from: {type: column, data: tier}, to: tier, sync_null_values: false}
    sync_all_columns: {enabled: true, names: snake_case}
    checks: {warn: [attribute_value_bytes]}
    guards: {max_changed: 0.5, max_removed: 0.2, zero_rows: true}
  orders:
    name: Orders to Events
    source: {model: orders}
    destination: {connection: production, object: event}
    behavior: append_only
    unique_id: order_id
    first_run: backfill
    event:
      type: event
      name: {constant: Order Placed}
      person: {from: customer_id, to: id}
      timestamp: ordered_at
    mappings:
      - {from: total, to: total}
    triggers: {schedule: {frequency: daily, hour: 6, timezone: Europe/Berlin}, after: [users]}
"""


def changed(*replacements: tuple[str, str]) -> str:
    """The sample with words replaced; each must stand in it once at least."""
    text = PROJECT
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def project() -> Project:
    return read_project(PROJECT)


def mistakes(text: str) -> list[str]:
    """What reading the text complains about, as people see it."""
    with pytest.raises(ProjectError) as caught:
        read_project(text)
    return [str(problem) for problem in caught.value.problems]
