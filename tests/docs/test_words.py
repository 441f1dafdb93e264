"""The manual names everything there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import headcount
from headcount.cli import COMMANDS
from headcount.control.alerts.rule import NUMBERS, AlertKind
from headcount.control.outbox import EVENTS
from headcount.destinations.base import Check
from headcount.destinations.customerio import limits
from headcount.destinations.customerio.objects import OBJECTS
from headcount.errors import HeadcountError
from headcount.home import FOLDERS
from headcount.model import METADATA, Behavior, NameStyle, NullRule, ValueType
from headcount.names import styled
from headcount.project.checks import check_names
from headcount.project.problems import ProjectError
from headcount.project.values import sync_value
from headcount.wire import REFUSALS
from tests.docs.pages import ROOT, page
from tests.docs.test_pages import EVENT, PERSON

COMMAND_PAGE = ROOT / "docs" / "cli.md"
ENDS = {"source": {"model": "m"}, "destination": {"connection": "d", "object": "person"}}


def _checks(object_: str) -> list[str]:
    basis = EVENT if object_ == "event" else PERSON
    entry = {**ENDS, "destination": {"connection": "d", "object": object_}, **basis}
    sync = sync_value("sync", entry, _model())
    return check_names(replace(sync, object=object_), OBJECTS[object_])


def _model() -> headcount.model.Model:
    return headcount.model.Model(key="m", name="m", connection="c", table="t")


def _classes(root: type[HeadcountError]) -> Iterator[type[HeadcountError]]:
    yield root
    for child in root.__subclasses__():
        yield from _classes(child)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_stands_in_the_page_of_commands(command: str) -> None:
    assert f"headcount {command}" in COMMAND_PAGE.read_text()


@pytest.mark.parametrize("name", _checks("person"))
def test_every_check_of_people_stands_in_their_page(name: str) -> None:
    assert f"| `{name}` |" in page("docs/people.md").text


@pytest.mark.parametrize("name", _checks("event"))
def test_every_check_of_events_stands_in_their_page(name: str) -> None:
    assert f"| `{name}` |" in page("docs/events.md").text


def test_every_declared_limit_is_one_of_the_checks_in_the_manual() -> None:
    declared = {value.name for value in vars(limits).values() if isinstance(value, Check)}
    assert declared <= {*_checks("person"), *_checks("event")}


@pytest.mark.parametrize("error", list(_classes(HeadcountError)), ids=lambda each: each.__name__)
def test_every_class_of_error_stands_in_the_page_of_troubles(error: type[HeadcountError]) -> None:
    if error.__module__ in ("headcount.errors", ProjectError.__module__):  # others are never shown to people
        assert f"| `{error.__name__}` |" in page("docs/troubleshooting.md").text


@pytest.mark.parametrize("reason", REFUSALS.values())
def test_every_reason_for_a_refused_value_stands_in_the_page_of_troubles(reason: str) -> None:
    assert f"`{reason}`" in page("docs/troubleshooting.md").text


@pytest.mark.parametrize("behavior", Behavior)
def test_every_behavior_is_explained(behavior: Behavior) -> None:
    name = "events" if behavior is Behavior.APPEND_ONLY else "people"
    assert f"`{behavior.value}`" in page(f"docs/{name}.md").text


@pytest.mark.parametrize("word", [*(rule.value for rule in NullRule), *METADATA])
def test_every_null_rule_and_metadata_stands_in_the_page_of_people(word: str) -> None:
    text = page("docs/people.md").text
    assert f"`{word}`" in text or f"metadata: {word}" in text


@pytest.mark.parametrize("style", NameStyle)
def test_every_name_style_is_shown_with_what_it_makes(style: NameStyle) -> None:
    names = " | ".join(styled(column, style) for column in ("signedUp_at", "LTV", "first name"))
    assert f"| `{style.value}` | {names} |" in page("docs/people.md").text.splitlines()


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_of_the_home_stands_in_the_page_that_explains_it(folder: str) -> None:
    assert f"| `{folder}/` |" in page("docs/how-it-works.md").text


def test_every_type_a_mapping_can_have_stands_in_the_page_of_people() -> None:
    assert all(f"`{type_.value}`" in page("docs/people.md").text for type_ in ValueType)


@pytest.mark.parametrize("word", [*(kind.value for kind in AlertKind), *EVENTS, *NUMBERS])
def test_every_alert_and_event_stands_in_the_page_about_them(word: str) -> None:
    assert f"`{word}`" in page("docs/alerts.md").text


def _modules() -> list[str]:
    """Top-level modules and packages, and the packages of Customer.io's folder, as a listing writes them."""
    root = Path(headcount.__file__).parent
    found = [path for path in root.iterdir() if not path.name.startswith(("_", "."))]
    names = [f"{path.name}/" for path in found if (path / "__init__.py").exists()]
    return sorted(names + [path.name for path in found if path.suffix == ".py"])


@pytest.mark.parametrize("module", _modules())
def test_every_module_stands_in_the_listing_of_the_code(module: str) -> None:
    (listing,) = [block for block in page("CONTRIBUTING.md").blocks("") if block.startswith("headcount/")]
    assert f"\n  {module} " in listing


def test_the_listing_of_the_code_names_nothing_that_is_gone() -> None:
    (listing,) = [block for block in page("CONTRIBUTING.md").blocks("") if block.startswith("headcount/")]
    for line in listing.splitlines()[1:]:
        if line.startswith("  ") and not line.startswith("   "):
            assert (ROOT / "headcount" / line.split()[0]).exists(), line
