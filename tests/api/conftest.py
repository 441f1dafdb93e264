"""The API over the real application: a desk with an applied project, a workspace, and callers of every role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from headcount.control.models import Role, User
from headcount.service.tokens import issue
from headcount.serving.application import application
from tests.api.caller import Caller
from tests.journeys.conftest import desk as desk
from tests.journeys.conftest import sandbox as sandbox
from tests.journeys.conftest import workspace as workspace
from tests.journeys.desk import Desk

Call = Callable[..., Caller]


@pytest.fixture
def office(desk: Desk) -> Any:
    """The desk with its project applied, and the application ready."""
    application(hosts=["testserver"])
    desk.apply()
    return desk


@pytest.fixture
def call(office: Desk) -> Call:
    """Gives a caller with a token of a role; ``owner`` is the role of the person it belongs to."""

    def calling(role: Role = Role.OWNER, *, owner: Role = Role.OWNER) -> Caller:
        name = f"{owner.value}-person"
        if not User.objects.filter(username=name).exists():
            User.objects.create_user(username=name, role=owner)
        return Caller(issue(name, name="test", role=role).token)

    return calling


@pytest.fixture
def owner(call: Call) -> Caller:
    return call()
