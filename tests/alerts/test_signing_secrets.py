"""A webhook's secret is changed without a gap: who checks with the old or the new one finds every message genuine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from headcount.control.models import Audit, Outlet
from headcount.errors import ConfigurationError
from headcount.service.outlets import SignedWebhook, add_webhook, remove, try_out, webhooks
from headcount.service.signing_secrets import MOST, retire, rotate
from tests.alerts.receiver import Got, Receiver
from tests.docs.pages import page
from tests.journeys.desk import Desk

Check = Callable[[str, str, bytes], bool]


@pytest.fixture
def hook(desk: Desk, receiver: Receiver) -> SignedWebhook:
    desk.apply()
    return add_webhook("Pager", receiver.url)


@pytest.fixture
def genuine() -> Check:
    """The receiver's check, as the manual writes it."""
    names: dict[str, Any] = {}
    [code] = [code for code in page("docs/alerts.md").blocks("python") if "def genuine" in code]
    exec(code, names)
    check: Check = names["genuine"]
    return check


def sent(hook: SignedWebhook, receiver: Receiver) -> Got:
    assert try_out("webhook", hook.id) == ""
    return receiver.got[-1]


def accepted(check: Check, secret: str, got: Got) -> bool:
    return check(secret, got.headers["X-Headcount-Signature"], got.body)


def test_both_secrets_sign_until_the_old_one_is_retired(
    hook: SignedWebhook, receiver: Receiver, genuine: Check
) -> None:
    before = sent(hook, receiver)
    newer = rotate(hook.id)
    assert newer.secret != hook.secret
    both = sent(hook, receiver)
    after = (retire(hook.id), sent(hook, receiver))[1]
    assert [accepted(genuine, hook.secret, got) for got in (before, both, after)] == [True, True, False]
    assert [accepted(genuine, newer.secret, got) for got in (before, both, after)] == [False, True, True]
    assert not accepted(genuine, "whsec_other", both)
    assert [line.action for line in Audit.objects.filter(what="webhook Pager", action__startswith="r")] == [
        "rotated",
        "retired",
    ]


def test_a_message_that_is_sent_again_is_signed_with_the_secrets_of_that_moment(
    desk: Desk, hook: SignedWebhook, receiver: Receiver, genuine: Check
) -> None:
    desk.run()
    newer = rotate(hook.id)
    desk.done("alerts", "send")
    assert receiver.events() == ["run.started", "run.completed"]
    assert all(
        accepted(genuine, secret, got) for secret in (hook.secret, newer.secret) for got in receiver.got
    )


def test_a_receiver_that_reads_one_signature_finds_the_old_one(
    hook: SignedWebhook, receiver: Receiver
) -> None:
    only = sent(hook, receiver).headers["X-Headcount-Signature"]
    assert only.count("v1=") == 1
    rotate(hook.id)
    stamp, new, old = sent(hook, receiver).headers["X-Headcount-Signature"].split(",")
    assert (stamp[:2], new[:3], old[:3]) == ("t=", "v1=", "v1=")


def test_a_secret_that_was_lost_is_made_anew_and_the_number_of_them_has_an_end(
    hook: SignedWebhook, receiver: Receiver, genuine: Check
) -> None:
    secrets = [hook.secret, *(rotate(hook.id).secret for _ in range(MOST - 1))]
    got = sent(hook, receiver)
    assert [accepted(genuine, secret, got) for secret in secrets] == [True] * MOST
    with pytest.raises(ConfigurationError, match=f"has {MOST} secrets already") as refused:
        rotate(hook.id)
    assert "retire" in refused.value.hint
    retire(hook.id)
    got = sent(hook, receiver)
    assert [accepted(genuine, secret, got) for secret in secrets] == [False] * (MOST - 1) + [True]
    assert [each.rotated_at for each in webhooks()] == [None]
    retire(hook.id)  # nothing is left to retire
    assert accepted(genuine, secrets[-1], sent(hook, receiver))


def test_secrets_are_kept_encrypted_and_survive_a_new_key(
    desk: Desk, hook: SignedWebhook, receiver: Receiver, genuine: Check
) -> None:
    newer = rotate(hook.id)
    assert hook.secret not in desk.dump()
    assert newer.secret not in desk.dump()
    desk.done("secrets", "rotate")
    got = sent(hook, receiver)
    assert accepted(genuine, hook.secret, got)
    assert accepted(genuine, newer.secret, got)


def test_a_webhook_that_is_gone_has_no_secrets(hook: SignedWebhook) -> None:
    remove("webhook", hook.id)
    for deed in (rotate, retire):
        with pytest.raises(ConfigurationError, match="no such webhook"):
            deed(hook.id)


def test_the_commands_print_the_new_secret_once(
    desk: Desk, hook: SignedWebhook, receiver: Receiver, genuine: Check
) -> None:
    said = desk.done("webhooks", "rotate", "Pager")
    newer = said.out.strip()
    assert "headcount webhooks retire Pager" in said.err
    assert accepted(genuine, newer, sent(hook, receiver))
    assert newer not in desk.done("webhooks", "list", "--json").out
    assert desk.done("webhooks", "list", "--json").json[0]["rotated_at"]
    assert desk.done("webhooks", "retire", "Pager", "--json").json["rotated_at"] is None
    assert not accepted(genuine, hook.secret, sent(hook, receiver))
    assert Outlet.objects.get().rotated_at is None
    assert "There is no webhook Nobody." in desk.done("webhooks", "rotate", "Nobody", code=2).err
