"""Commands about webhooks: list, test, replay."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from headcount.cli.output import Json, complain, print_json, print_table

FAILED = 3


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    group = typer.Typer(help="Programs that are told what happens to runs.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(test)
    group.command()(replay)
    app.add_typer(group, name="webhooks")


def list_(
    deliveries: Annotated[
        bool, typer.Option("--deliveries", help="The latest deliveries instead of the webhooks.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many deliveries.")] = 50,
    as_json: Json = False,
) -> None:
    """Webhooks, or what was sent to them."""
    if deliveries:
        _list_deliveries(limit, as_json=as_json)
    else:
        _list_webhooks(as_json=as_json)


def _list_deliveries(limit: int, *, as_json: bool) -> None:
    from headcount.service.delivering import deliveries

    found = deliveries("webhook", limit=limit)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    heads = ("number", "when", "to", "event", "sync", "run", "status", "tries", "error")
    print_table(
        heads,
        ((d.uid, d.created_at, d.outlet, d.event, d.sync, d.run, d.status, d.tries, d.error) for d in found),
    )


def _list_webhooks(*, as_json: bool) -> None:
    from headcount.service.outlets import webhooks

    found = webhooks()
    if as_json:
        print_json([asdict(each) for each in found])
        return
    heads = ("webhook", "host", "events", "last sent", "waiting", "last error")
    print_table(
        heads,
        ((w.name, w.shows, ", ".join(w.events) or "all", w.last_sent, w.waiting, w.error) for w in found),
    )


def test(webhook: Annotated[str, typer.Argument(metavar="WEBHOOK", help="The webhook's name.")]) -> None:
    """Send a test event to a webhook, now."""
    from headcount.service.outlets import find_by_name, try_out

    if trouble := try_out("webhook", find_by_name("webhook", webhook).id):
        complain("The test did not arrive.", trouble)
        raise typer.Exit(FAILED)
    typer.echo("The test is sent, and was answered with success.")


def replay(
    delivery: Annotated[str, typer.Argument(metavar="NUMBER", help="The delivery's number.")],
    as_json: Json = False,
) -> None:
    """Send a delivery once more, under the same number. A worker does it within seconds."""
    from headcount.service.delivering import replay as again

    found = again(delivery)
    if as_json:
        print_json(asdict(found))
    else:
        typer.echo(f"{found.event} waits to be sent to {found.outlet} again.")
