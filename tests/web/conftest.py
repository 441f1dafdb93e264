"""Browsers without a screen: the application as it is served, asked by people of every role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client

from headcount.control.models import Role, User
from headcount.control.setup import close
from headcount.serving.application import application
from tests.journeys.conftest import desk as desk
from tests.journeys.conftest import sandbox as sandbox
from tests.journeys.conftest import workspace as workspace
from tests.journeys.desk import Desk

PASSWORD = "correct horse battery"

Visit = Callable[..., Client]


@pytest.fixture
def site(ready_home: Path) -> Iterator[Path]:
    """The application, ready, over an empty home; yields the home."""
    application(hosts=["testserver"])
    yield ready_home
    close()


@pytest.fixture
def visit(request: pytest.FixtureRequest) -> Visit:
    """Gives a client that is signed in with a role; with no role, one that is not. The application is the ``office``'s
    when a test has one.
    """
    if "office" not in request.fixturenames:
        request.getfixturevalue("site")

    def visiting(role: Role | None = Role.OWNER, name: str = "") -> Client:
        client = Client(enforce_csrf_checks=False, raise_request_exception=False)
        if role is not None:
            user = User.objects.filter(username=name or role.value).first()
            user = user or User.objects.create_user(username=name or role.value, role=role, password=PASSWORD)
            client.force_login(user)
        return client

    return visiting


@pytest.fixture
def office(desk: Desk) -> Desk:
    """A company's desk with its project applied, behind the application as it is served."""
    desk.apply()
    application(hosts=["testserver"])
    return desk
