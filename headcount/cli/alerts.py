"""Commands about alerts: list, test, send."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from headcount.amounts import amount
from headcount.cli.outlets import send_a_test
from headcount.cli.output import Json, print_json, print_table

if TYPE_CHECKING:
    from headcount.service.alerts import RuleInfo


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    group = typer.Typer(help="Who is told when a sync needs somebody.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(test)
    group.command()(send)
    app.add_typer(group, name="alerts")


def list_(as_json: Json = False) -> None:
    """Channels, rules, and what was told lately."""
    from headcount.service.alerts import alerts, rules
    from headcount.service.outlets import channels

    places, kept, told = channels(), rules(), alerts()
    if as_json:
        print_json(
            {
                "channels": [asdict(each) for each in places],
                "rules": [asdict(each) for each in kept],
                "alerts": [asdict(each) for each in told],
            }
        )
        return
    print_table(
        ("channel", "service", "last sent", "waiting", "last error"),
        ((c.name, c.endpoint, c.last_sent, c.waiting, c.error) for c in places),
    )
    typer.echo()
    print_table(("tell when", "sync", "channel", "on"), (_row(rule) for rule in kept))
    typer.echo()
    print_table(
        ("since", "until", "sync", "what"),
        ((a.raised_at, a.resolved_at or "now", a.sync, a.words) for a in told),
    )


def _row(rule: RuleInfo) -> tuple[str, ...]:
    wish = rule.wish
    return (rule.means, wish.sync or "all", rule.channel_name or "all", "yes" if wish.enabled else "no")


def test(channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="The channel's name.")]) -> None:
    """Send a test message to a channel, now."""
    send_a_test("channel", channel)


def send(as_json: Json = False) -> None:
    """Send what alerts and webhooks have waiting, once. For homes without a worker, which does it by itself."""
    from datetime import UTC, datetime

    from headcount.service.delivering import send_due, watch

    watch(datetime.now(UTC))
    count = send_due()
    if as_json:
        print_json({"sent": count})
    else:
        typer.echo(amount(count, "message was sent.", "messages were sent."))
