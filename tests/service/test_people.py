from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from headcount.control.models import Attempt, Audit, Role, User
from headcount.control.setup import close
from headcount.errors import ConfigurationError
from headcount.service import passwords, people, throttle, welcome

GOOD = "plum tractor ninety"
HERE = "127.0.0.1"


@pytest.fixture
def root(home: Path) -> people.Person:
    return people.add("root", Role.OWNER)


def _parts(path: str) -> tuple[int, str]:
    _, _, number, token, _ = path.split("/")
    return int(number), token


def test_the_last_active_owner_stays(root: people.Person) -> None:
    people.add("gone", Role.OWNER)
    people.deactivate("gone")
    for deed in (
        lambda: people.change_role("root", Role.EDITOR),
        lambda: people.deactivate("root"),
        lambda: people.delete("root"),
    ):
        with pytest.raises(ConfigurationError, match="root is the last active Owner"):
            deed()
    assert people.find("root").role == "owner"
    assert people.find("root").active
    people.activate("gone")
    people.delete("root")
    assert [person.username for person in people.listing()] == ["gone"]


@pytest.mark.parametrize("name", ["", "a b", "x" * 151, "a\x00b", "<b>", "a/b"])
def test_what_cannot_be_a_username_is_said(home: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be a username"):
        people.add(name, Role.VIEWER)


def test_a_username_is_taken_in_any_case(root: people.Person) -> None:
    with pytest.raises(ConfigurationError, match="There is a person ROOT already"):
        people.add("ROOT", Role.VIEWER)


def test_who_does_not_exist_is_said_with_the_nearest_name(root: people.Person) -> None:
    with pytest.raises(ConfigurationError) as error:
        people.deactivate("roott")
    assert "root" in error.value.hint


def test_the_link_of_the_first_owner_is_good_until_there_is_one(home: Path) -> None:
    token = welcome.first_owner_path().split("/")[3]
    assert welcome.first_owner_wanted(token)
    assert not welcome.first_owner_wanted(token + "x")
    with pytest.raises(passwords.WeakPassword):
        welcome.create_first_owner(token, "ada", "password")
    assert not User.objects.exists()
    assert welcome.create_first_owner(token, "ada", GOOD).role == "owner"
    assert welcome.first_owner_path() == ""
    with pytest.raises(ConfigurationError, match="not good any more"):
        welcome.create_first_owner(token, "eve", GOOD)


def test_the_link_of_the_first_owner_expires(home: Path) -> None:
    token = welcome.first_owner_path().split("/")[3]
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1)):
        assert not welcome.first_owner_wanted(token)


def test_a_link_sets_a_password_once(root: people.Person) -> None:
    person, token = _parts(welcome.link_path("root"))
    assert welcome.invited(person, token) == root
    with pytest.raises(passwords.WeakPassword, match="too common"):
        welcome.set_password(person, token, "1q2w3e4r5t")
    welcome.set_password(person, token, GOOD)
    assert User.objects.get().check_password(GOOD)
    with pytest.raises(ConfigurationError, match="not good any more"):
        welcome.set_password(person, token, "another " + GOOD)
    assert User.objects.get().check_password(GOOD)


def test_a_new_link_ends_those_made_before(root: people.Person) -> None:
    person, before = _parts(welcome.link_path("root"))
    _, token = _parts(welcome.link_path("root"))
    assert welcome.invited(person, before) is None
    assert welcome.invited(person, token) == root


def test_a_link_is_of_one_person_expires_and_is_not_for_the_deactivated(root: people.Person) -> None:
    other = people.add("bob", Role.VIEWER)
    person, token = _parts(welcome.link_path("bob"))
    assert welcome.invited(root.id, token) is None
    with time_machine.travel(timezone.now() + welcome.OWN_PASSWORD_WITHIN + timedelta(minutes=1)):
        assert welcome.invited(person, token) is None
    people.deactivate("bob")
    assert welcome.invited(other.id, token) is None
    with pytest.raises(ConfigurationError, match="bob is deactivated"):
        welcome.link_path("bob")


def test_guessing_gets_slower_and_slower_for_a_name_from_anywhere(home: Path) -> None:
    now, pauses = timezone.now(), []
    for guess in range(16):
        with time_machine.travel(now, tick=False):
            assert not throttle.admit("Ada" if guess % 2 else "ada", f"10.0.0.{guess}")
            (row,) = Attempt.objects.filter(failures=guess + 1).order_by("-closed_until")[:1]
            pauses.append(row.closed_until - now if row.closed_until else timedelta())
            assert not pauses[-1] or throttle.admit("ada", "10.9.9.9") == pauses[-1]
            now += pauses[-1]
    assert pauses[:5] == [timedelta()] * 4 + [throttle.FIRST_PAUSE]
    assert pauses[4:10] == [throttle.FIRST_PAUSE * 2**doubled for doubled in range(6)]
    assert pauses[-1] == throttle.LONGEST_PAUSE


def test_other_spellings_of_a_name_are_counted_with_it(home: Path) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        for guess, spelling in enumerate(("ada", "ａda", "a𝐝a", "ⓐⓓⓐ", " ＡＤＡ")):
            assert not throttle.admit(spelling, f"10.0.0.{guess}")
        assert throttle.admit("ad𝑎", "10.9.9.9") == throttle.FIRST_PAUSE
        throttle.forgive("ada")
        assert not throttle.admit("ａｄａ", "10.9.9.9")


def test_guessing_many_names_from_one_network_gets_slow_too(home: Path) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        for guess in range(20):
            assert not throttle.admit(f"name{guess}", f"2001:db8::{guess:x}")
        assert throttle.admit("name99", "2001:db8::ffff")
        assert not throttle.admit("name99", "2001:db8:0:1::1")


def test_guesses_at_the_same_moment_are_counted_one_by_one(home: Path) -> None:
    with ThreadPoolExecutor(12) as guessers:
        admitted = [not pause for pause in guessers.map(_guess, range(24))]
    assert sum(admitted) == 5


def _guess(number: int) -> timedelta:
    try:
        return throttle.admit("ada", f"10.0.0.{number}")
    finally:
        close()


def test_two_owners_cannot_deactivate_each_other_at_the_same_moment(home: Path) -> None:
    for _ in range(5):
        for name in ("ada", "bob"):
            people.add(name, Role.OWNER)
        with ThreadPoolExecutor(2) as owners:
            list(owners.map(_deactivate, ("ada", "bob")))
        assert sum(person.active for person in people.listing()) == 1
        User.objects.all().delete()


def _deactivate(name: str) -> None:
    try:
        with suppress(ConfigurationError):
            people.deactivate(name)
    finally:
        close()


def test_a_pause_names_nobody_and_ends(home: Path) -> None:
    for _ in range(5):
        throttle.admit("ada", HERE)
    pause = throttle.admit("ada", HERE)
    assert timedelta() < pause <= throttle.FIRST_PAUSE
    assert "ada" not in str(list(Attempt.objects.values()))
    with time_machine.travel(timezone.now() + throttle.FIRST_PAUSE + timedelta(seconds=1)):
        assert not throttle.admit("ada", HERE)


def test_the_right_password_clears_the_name_but_not_what_the_address_did(home: Path) -> None:
    for _ in range(4):
        throttle.admit("ada", HERE)
    throttle.admit("ada", HERE)
    throttle.take_back("ada", HERE)
    assert [row.failures for row in Attempt.objects.all()] == [4]


def test_what_is_older_than_a_day_is_forgotten(home: Path) -> None:
    throttle.admit("ada", HERE)
    with time_machine.travel(timezone.now() + timedelta(days=1, seconds=5)):
        throttle.admit("bob", "127.0.0.2")
        assert [row.failures for row in Attempt.objects.all()] == [1, 1]


def test_ones_own_password_is_changed_with_the_present_one(root: people.Person) -> None:
    person, token = _parts(welcome.link_path("root"))
    welcome.set_password(person, token, GOOD)
    with pytest.raises(passwords.WrongPassword):
        passwords.change_password("root", "wrong", "another " + GOOD, address=HERE)
    with pytest.raises(passwords.WeakPassword):
        passwords.change_password("root", GOOD, "root", address=HERE)
    passwords.change_password("root", GOOD, "another " + GOOD, address=HERE)
    assert User.objects.get().check_password("another " + GOOD)
    for _ in range(5):
        with pytest.raises(passwords.WrongPassword):
            passwords.change_password("root", "wrong", GOOD, address=HERE)
    with pytest.raises(passwords.WrongPassword, match="Too many failed tries"):
        passwords.change_password("root", "another " + GOOD, GOOD, address=HERE)


def test_everything_about_people_is_written_down_and_no_password_is(root: people.Person) -> None:
    people.add("bob", Role.VIEWER)
    people.change_role("bob", Role.EDITOR)
    person, token = _parts(welcome.link_path("bob"))
    welcome.set_password(person, token, GOOD)
    people.deactivate("bob")
    people.delete("bob")
    lines = [line.action for line in Audit.objects.filter(what="person bob").order_by("id")]
    assert lines == ["created", "changed", "invited", "set a password", "deactivated", "deleted"]
    written = str(list(Audit.objects.values()))
    assert GOOD not in written
    assert token not in written


def test_two_owners_are_changed_at_once_without_waiting_for_each_other_for_ever(root: people.Person) -> None:
    names = ("root", "zoe")
    people.add("zoe", Role.OWNER)

    def change(username: str) -> None:
        for number in range(30):
            people.change(username, name=f"{username} {number}", role=Role.OWNER, active=True)
        close()

    with ThreadPoolExecutor(2) as both:
        for each in [both.submit(change, name) for name in names]:
            each.result()
    assert [people.find(name).name for name in names] == ["root 29", "zoe 29"]
