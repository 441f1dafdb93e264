"""The example bodies of docs/api.md are accepted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from headcount.control.models import Connection, Model, Sync
from tests.api.caller import Caller

PAGE = Path(__file__).parents[2] / "docs" / "api.md"


def example(route: str) -> dict[str, Any]:
    """The first JSON after the words that announce it."""
    found = re.search(rf"for `{re.escape(route)}`.*?```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found, route
    body: dict[str, Any] = json.loads(found[1])
    return body


def test_a_model_is_looked_at_and_made_as_the_page_says(owner: Caller) -> None:
    source = {"connection_id": Connection.objects.get(key="company").pk}
    looked = owner.post("/models/preview?rows=5", {**example("POST /models/preview"), **source})
    assert (looked.code, len(looked.data["rows"])) == (200, 5)
    made = owner.post("/models", {**example("POST /models"), **source})
    assert (made.code, made.body["data"]["key"]) == (201, "regulars")
    assert Model.objects.get(key="regulars").connection_id == source["connection_id"]


def test_a_sync_is_changed_as_the_page_says(owner: Caller) -> None:
    people = f"/syncs/{Sync.objects.get(key='people').pk}"
    body = example("PATCH /syncs/{sync_id}")
    assert owner.patch(people, body).code == 409  # nobody fetched that version
    changed = owner.patch(people, {**body, "version": owner.get(people).data["version"]})
    assert (changed.code, changed.data["operation"]) == (200, "upsert")
    assert Sync.objects.get(key="people").definition["mappings"] == body["entry"]["mappings"]
