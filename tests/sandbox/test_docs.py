"""The manual names everything there is."""

from dataclasses import fields
from pathlib import Path

import pytest

from headcount.sandbox.admin import Admin
from headcount.sandbox.faults import KINDS
from headcount.sandbox.seed import SEEDS
from headcount.sandbox.settings import Settings

MANUAL = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_stands_in_the_manual(name):
    assert f"`{name}`" in MANUAL


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fault_stands_in_the_manual(kind):
    assert f"| `{kind}` |" in MANUAL


def test_every_admin_endpoint_stands_in_the_manual(running):
    for route in Admin(running.gateway, None).routes():
        name = route.path.removeprefix("/_sandbox/").partition("/")[0]
        assert f"/_sandbox/{name}" in MANUAL, name


@pytest.mark.parametrize("seed", SEEDS)
def test_the_fixed_credentials_stand_in_the_manual(seed):
    for key in (seed.site_id, seed.api_key, seed.app_key):
        assert f"`{key}`" in MANUAL
    assert (len(seed.site_id), len(seed.api_key), len(seed.app_key)) == (20, 20, 32)
