"""Steps of forms: so many, so large, so long, and each for its person alone."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headcount.control.models import FormStep, Role, User
from headcount.control.setup import close, setup
from headcount.service.form_steps import (
    KEPT,
    LARGEST,
    MOST,
    SIZE,
    forget_old_steps,
    keep_step,
    kept_count,
    kept_step,
    note_count,
)

PLACE = "/syncs/new"


@pytest.fixture
def ada(home: Path) -> Iterator[int]:
    setup()
    yield User.objects.create_user(username="ada", role=Role.EDITOR).pk
    close()


def kept(person: int, form: str, address: str = PLACE) -> str:
    name = keep_step(person, address=address, form=form)
    assert name is not None
    return name


def test_a_step_is_found_by_its_person_at_its_address(ada: int) -> None:
    other = User.objects.create_user(username="bob", role=Role.EDITOR).pk
    name = kept(ada, "name=Riders")
    assert kept_step(ada, name, address=PLACE) == "name=Riders"
    assert kept_step(other, name, address=PLACE) is None
    assert kept_step(ada, name, address="/syncs/people/configuration") is None
    assert kept_step(ada, "nothing", address=PLACE) is None
    assert "Riders" not in str(FormStep.objects.values())


def test_the_newest_steps_of_a_person_stay(ada: int) -> None:
    other = User.objects.create_user(username="bob", role=Role.EDITOR).pk
    theirs = kept(other, "name=theirs")
    names = [kept(ada, f"name={number}") for number in range(MOST + 2)]
    found = [kept_step(ada, name, address=PLACE) for name in names]
    assert found == [None, None, *(f"name={number}" for number in range(2, MOST + 2))]
    assert kept_step(other, theirs, address=PLACE) == "name=theirs"


def test_all_steps_of_a_person_together_have_a_largest_size(ada: int) -> None:
    names = [kept(ada, f"name={secrets.token_urlsafe(LARGEST // 4)}") for _ in range(12)]
    there = list(FormStep.objects.values_list("name", flat=True))
    assert there == names[-len(there) :][::-1]
    assert 2 <= len(there) < 12
    assert sum(FormStep.objects.values_list("size", flat=True)) <= SIZE


def test_one_that_is_too_large_is_not_kept_and_drives_nothing_out(ada: int) -> None:
    name = kept(ada, "name=small")
    assert keep_step(ada, address=PLACE, form=f"name={secrets.token_hex(LARGEST)}") is None
    assert kept_step(ada, name, address=PLACE) == "name=small"


def test_steps_go_after_a_day_whoever_made_them_and_with_their_person(ada: int) -> None:
    other = User.objects.create_user(username="bob", role=Role.EDITOR)
    old, new = kept(ada, "name=old"), kept(ada, "name=new")
    FormStep.objects.filter(name=old).update(created_at=datetime.now(UTC) - KEPT - timedelta(minutes=1))
    kept(other.pk, "name=theirs")
    assert not FormStep.objects.filter(name=old).exists()
    FormStep.objects.filter(name=new).update(created_at=datetime.now(UTC) - KEPT - timedelta(minutes=1))
    forget_old_steps()
    assert FormStep.objects.count() == 1
    other.delete()
    assert not FormStep.objects.exists()


def test_what_a_step_counted_is_kept_with_it(ada: int) -> None:
    name = kept(ada, "name=one")
    assert kept_count(ada, name) == ""
    note_count(ada, name, "12 of 40")
    assert kept_count(ada, name) == "12 of 40"
    assert kept_count(ada + 1, name) == ""
    note_count(ada, "", "nowhere")
    assert kept_count(ada, "") == ""
    assert "of 40" not in str(FormStep.objects.values())
