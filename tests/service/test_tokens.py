from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from headcount.control.models import ApiToken, Audit, Role, User
from headcount.control.setup import close
from headcount.errors import ConfigurationError
from headcount.service import tokens
from tests.control.sample import every_byte


@pytest.fixture
def ada(home: Path) -> User:
    return User.objects.create_user(username="ada", role=Role.EDITOR)


def test_a_token_is_recognised_and_stands_in_no_file(ada: User, home: Path) -> None:
    issued = tokens.issue("ada", name="Airflow", role=Role.OPERATOR)
    assert len(issued.token) == 43
    caller = tokens.who(issued.token)
    assert caller is not None
    assert (caller.username, caller.role) == ("ada", Role.OPERATOR)
    close()
    assert issued.token.encode() not in every_byte(home)


@pytest.mark.parametrize("token", ["", "hc_", "hc_" + "x" * 40, "Bearer hc_x", "hc_é"])
def test_what_is_no_token_is_nobody(ada: User, token: str) -> None:
    tokens.issue("ada", name="Airflow", role=Role.VIEWER)
    assert tokens.who(token) is None


def test_a_token_follows_its_owner_down_and_ends_with_them(ada: User) -> None:
    token = tokens.issue("ada", name="Airflow", role=Role.EDITOR).token
    User.objects.update(role=Role.VIEWER)
    assert tokens.who(token).role is Role.VIEWER  # type: ignore[union-attr]
    User.objects.update(is_active=False)
    assert tokens.who(token) is None


def test_nobody_gives_a_token_more_than_they_may_themselves(ada: User) -> None:
    with pytest.raises(ConfigurationError, match="cannot have the role owner"):
        tokens.issue("ada", name="Airflow", role=Role.OWNER)
    with pytest.raises(ConfigurationError, match="There is no role king"):
        tokens.issue("ada", name="Airflow", role="king")
    with pytest.raises(ConfigurationError, match="needs a name"):
        tokens.issue("ada", name="  ", role=Role.VIEWER)
    assert not ApiToken.objects.exists()


def test_a_token_is_revoked_by_its_owner_or_an_owner_of_everything(ada: User) -> None:
    User.objects.create_user(username="bob", role=Role.EDITOR)
    User.objects.create_user(username="root", role=Role.OWNER)
    first, second = (tokens.issue("ada", name=name, role=Role.VIEWER) for name in ("one", "two"))
    with pytest.raises(ConfigurationError, match="no such token"):
        tokens.revoke(first.info.id, by="bob")
    tokens.revoke(first.info.id, by="ada")
    tokens.revoke(second.info.id, by="root")
    assert tokens.who(first.token) is tokens.who(second.token) is None
    assert [line.action for line in Audit.objects.order_by("id")] == ["created"] * 2 + ["revoked"] * 2


def test_its_last_use_is_noted_once_a_minute(ada: User) -> None:
    issued = tokens.issue("ada", name="Airflow", role=Role.VIEWER)
    assert tokens.listing("ada")[0].used_at is None
    tokens.who(issued.token)
    with CaptureQueriesContext(connection) as queries:
        tokens.who(issued.token)
    assert len(queries) == 1
    long_ago = timezone.now() - timedelta(minutes=2)
    ApiToken.objects.update(used_at=long_ago)
    tokens.who(issued.token)
    assert ApiToken.objects.get().used_at > long_ago + timedelta(minutes=1)


def test_lists_show_tokens_without_telling_them(ada: User) -> None:
    issued = tokens.issue("ada", name="Airflow", role=Role.EDITOR)
    User.objects.create_user(username="bob", role=Role.EDITOR)
    (info,) = tokens.listing()
    assert info == issued.info
    assert issued.token.startswith(info.prefix)
    assert tokens.listing("bob") == ()
