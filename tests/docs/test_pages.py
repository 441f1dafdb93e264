"""Links lead somewhere, and what looks like a project file is one."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from headcount.project.reading import read_project
from headcount.project.sync_entry import SyncEntry
from tests.docs.pages import Page, all_pages, page

PAGES = list(all_pages())
SYNC_KEYS = {field.alias or name for name, field in SyncEntry.model_fields.items()}

# What a fragment of a sync is laid over, to be read as a whole.
PERSON = {"behavior": "update_or_create", "identifier": {"from": "id", "to": "id"}, "mappings": []}
EVENT = {
    "behavior": "append_only",
    "unique_id": "id",
    "first_run": "backfill",
    "event": {"name": {"constant": "Seen"}, "person": {"from": "user", "to": "id"}, "timestamp": "at"},
    "mappings": [],
}


@pytest.mark.parametrize("page_", PAGES, ids=lambda each: each.name)
def test_every_link_leads_to_a_file_or_heading_that_exists(page_: Page) -> None:
    for link in page_.links():
        file, _, anchor = link.partition("#")
        target = (page_.path.parent / file).resolve() if file else page_.path
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in Page(target).anchors(), link


@pytest.mark.parametrize("page_", PAGES, ids=lambda each: each.name)
def test_every_whole_project_file_in_the_manual_can_be_applied(page_: Page) -> None:
    for block in page_.blocks("yaml"):
        if block.startswith("version:") or "\nversion:" in block:
            read_project(block, file=page_.name)


@pytest.mark.parametrize(
    ("name", "basis", "object_"),
    [("docs/people.md", PERSON, "person"), ("docs/events.md", EVENT, "event")],
)
def test_every_part_of_a_sync_in_the_manual_can_be_applied(
    name: str, basis: dict[str, Any], object_: str
) -> None:
    parts = [block for block in page(name).blocks("yaml") if "version:" not in block]
    assert parts
    for block in parts:
        part = yaml.safe_load(block)
        assert set(part) <= SYNC_KEYS, block
        read_project(yaml.safe_dump(_project({**basis, **part}, object_)), file=name)


def _project(sync: dict[str, Any], object_: str) -> dict[str, Any]:
    ends = {"source": {"model": "m"}, "destination": {"connection": "d", "object": object_}}
    return {
        "version": 1,
        "connections": {
            "s": {"type": "sqlite", "path": "a.db"},
            "d": {"type": "customerio", "site_id": "env:S", "api_key": "env:K"},
        },
        "models": {"m": {"connection": "s", "table": "t"}},
        "syncs": {"sync": {**ends, **sync}},
    }
