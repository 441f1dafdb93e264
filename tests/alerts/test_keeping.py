"""What is kept of alerts outlives the machine it is on, and its key is looked after."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from headcount.control.models import AlertRule
from headcount.control.setup import close
from headcount.service.alerts import Wish, rules, save_rule
from headcount.service.outlets import add_webhook, try_out
from tests.alerts.receiver import Receiver
from tests.journeys.desk import Desk


@pytest.mark.sqlite_store
def test_a_restored_home_has_the_rules_and_reaches_the_outlets(
    desk: Desk, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.apply()
    hook = add_webhook("Pager", receiver.url)
    AlertRule.objects.filter(kind="rejected").delete()
    save_rule(Wish(kind="no_rows", sync="people"))
    before = rules()
    desk.done("backup", "all.tar.gz")
    close()
    monkeypatch.setenv("HEADCOUNT_HOME", str(tmp_path / "elsewhere"))
    desk.done("restore", "all.tar.gz")
    assert rules() == before
    assert try_out("webhook", hook.id) == ""


def test_the_doctor_finds_an_address_that_the_key_does_not_open(
    desk: Desk, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.apply()
    hook = add_webhook("Pager", receiver.url)
    monkeypatch.setenv("HEADCOUNT_SECRET_KEY", Fernet.generate_key().decode())
    assert "does not open: webhook Pager" in desk.done("doctor", code=1).all
    assert try_out("webhook", hook.id) == "The stored secrets cannot be read with the present key."
