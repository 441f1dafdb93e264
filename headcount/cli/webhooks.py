"""Commands about webhooks: list, test, rotate, retire, replay."""

from __future__ import annotations

from dataclasses import asdict
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from headcount.cli.outlets import send_a_test
from headcount.cli.output import Json, print_json, print_table

if TYPE_CHECKING:
    from headcount.service.outlets import OutletInfo

Name = Annotated[str, typer.Argument(metavar="WEBHOOK", help="The webhook's name.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    group = typer.Typer(help="Programs that are told what happens to runs.", no_args_is_help=True)
    group.command("list")(list_)
    group.command()(test)
    group.command()(rotate)
    group.command()(retire)
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
    heads = ("webhook", "host", "events", "last sent", "waiting", "last error", "rotated")
    print_table(heads, (_row(webhook) for webhook in found))


def _row(webhook: OutletInfo) -> tuple[object, ...]:
    """Since when older secrets sign too is the last."""
    events = ", ".join(webhook.events) or "all"
    sent = (webhook.last_sent, webhook.waiting, webhook.error)
    return (webhook.name, webhook.endpoint, events, *sent, webhook.rotated_at)


def test(webhook: Name) -> None:
    """Send a test event to a webhook, now."""
    send_a_test("webhook", webhook)


def rotate(webhook: Name, as_json: Json = False) -> None:
    """Print a new signing secret for a webhook, this once. Older ones sign as well until they are retired."""
    from headcount.service.outlets import find_by_name
    from headcount.service.signing_secrets import rotate as give

    made = give(find_by_name("webhook", webhook).id)
    if as_json:
        print_json(asdict(made))
        return
    typer.echo(made.secret)
    note = (
        f"It signs from now on, and so do the older ones until: headcount webhooks retire {quote(made.name)}"
    )
    typer.echo(note, err=True)


def retire(webhook: Name, as_json: Json = False) -> None:
    """Sign with the newest secret of a webhook alone, once its receiver goes by it."""
    from headcount.service.outlets import find_by_name
    from headcount.service.signing_secrets import retire as end

    left = end(find_by_name("webhook", webhook).id)
    if as_json:
        print_json(asdict(left))
    else:
        typer.echo(f"What {left.name} is sent is signed with its newest secret alone.")


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
