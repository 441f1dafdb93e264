"""Commands about alerts: list, test, send."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from headcount.cli.output import Json, complain, print_json, print_table

FAILED = 3


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
        parts = {"channels": places, "rules": kept, "alerts": told}
        print_json({name: [asdict(each) for each in found] for name, found in parts.items()})
        return
    heads = ("channel", "service", "last sent", "waiting", "last error")
    print_table(heads, ((c.name, c.shows, c.last_sent, c.waiting, c.error) for c in places))
    typer.echo()
    heads = ("tell when", "sync", "channel", "on")
    print_table(
        heads,
        (
            (r.means, r.wish.sync or "all", r.channel_name or "all", "yes" if r.wish.enabled else "no")
            for r in kept
        ),
    )
    typer.echo()
    heads = ("since", "until", "sync", "what")
    print_table(heads, ((a.raised_at, a.resolved_at or "now", a.sync, a.words) for a in told))


def test(channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="The channel's name.")]) -> None:
    """Send a test message to a channel, now."""
    from headcount.service.outlets import find_by_name, try_out

    if trouble := try_out("channel", find_by_name("channel", channel).id):
        complain("The test did not arrive.", trouble)
        raise typer.Exit(FAILED)
    typer.echo("The test is sent, and was taken. Look whether you see it there.")


def send(as_json: Json = False) -> None:
    """Send what alerts and webhooks have waiting, once. For homes without a worker, which does it by itself."""
    from datetime import UTC, datetime

    from headcount.service.delivering import send_due, watch

    watch(datetime.now(UTC))
    count = send_due()
    if as_json:
        print_json({"sent": count})
    else:
        typer.echo(f"{count} messages were sent.")
