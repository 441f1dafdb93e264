from __future__ import annotations

from pathlib import Path

import pytest

from headcount.control.models import Origin
from headcount.project.reading import read_project
from headcount.service.applying import apply, look, outlook
from headcount.service.entries import Refused, Stale, checked, save_checked, stored_entry, version_of
from headcount.service.keys import key_for
from headcount.service.origins import digest, drift, drifts

FILE = """\
version: 1
connections:
  shop: {type: duckdb, path: /data/shop.duckdb}
models:
  orders: {connection: shop, table: orders}
  users: {connection: shop, table: users}
"""


@pytest.fixture
def file(home: Path, tmp_path: Path) -> Path:
    path = tmp_path / "headcount.yml"
    path.write_text(FILE)
    apply(look(path))
    return path


def change(table: str) -> None:
    entry = checked("models", "users", {"connection": "shop", "table": table})
    assert save_checked("models", "users", entry, version=version_of("models", "users"))


def test_what_was_applied_has_not_drifted(file: Path) -> None:
    assert Origin.objects.count() == 3
    assert drift("models", "users", stored_entry("models", "users") or {}) is None
    assert look(file).warnings == ()


def test_a_change_made_here_is_known_until_the_file_says_the_same(file: Path) -> None:
    change("people")
    entries = {key: stored_entry("models", key) or {} for key in ("users", "orders")}
    assert list(drifts("models", entries)) == ["users"]
    assert look(file).warnings == (
        "The model users was changed here since the file was last applied, and applying undoes that. "
        "headcount export prints what is stored.",
    )
    file.write_text(FILE.replace("table: users", "table: people"))
    seen = look(file)
    assert (seen.effective, seen.warnings) == ((), ())
    apply(seen)
    assert drifts("models", entries) == {}


def test_apply_says_when_the_file_changed_as_well(file: Path) -> None:
    change("people")
    file.write_text(FILE.replace("table: users", "table: customers"))
    (warning,) = look(file).warnings
    assert "The file changed as well." in warning
    apply(look(file))
    assert look(file).warnings == ()


def test_an_entry_that_is_gone_has_no_origin(file: Path) -> None:
    apply(outlook(read_project(FILE.replace("  users: {connection: shop, table: users}\n", "")), prune=True))
    assert sorted(Origin.objects.values_list("key", flat=True)) == ["orders", "shop"]


def test_an_entry_is_saved_once_and_only_over_what_its_author_saw(file: Path) -> None:
    seen = version_of("models", "users")
    change("people")
    entry = checked("models", "users", {"connection": "shop", "table": "customers"})
    with pytest.raises(Stale, match="changed meanwhile"):
        save_checked("models", "users", entry, version=seen)
    assert not save_checked(
        "models", "users", stored_entry("models", "users") or {}, version=version_of("models", "users")
    )


def test_an_entry_is_checked_beside_all_others(file: Path) -> None:
    with pytest.raises(Refused) as caught:
        checked("models", "users", {"connection": "shopp", "table": "users", "types": {"a": "colour"}})
    assert {one.field for one in caught.value.found} >= {"types.a"}
    with pytest.raises(Refused) as caught:
        checked("connections", "shop", {"type": "files", "folders": ["/data"]})
    assert "models users" in str(caught.value)


def test_a_digest_does_not_hang_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": [1, 2]}) != digest({"a": [2, 1]})


def test_keys_come_from_names_and_are_free() -> None:
    assert key_for("Büro EU (Test)") == "buro-eu-test"
    assert key_for("Users", {"users", "users-2"}) == "users-3"
    assert key_for("new") == "new-2"
    assert key_for("日本") == "unnamed"
    assert len(key_for("x" * 300)) <= 100
