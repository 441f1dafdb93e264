"""Commands about what is kept: backup, restore, forget, tidy."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headcount.cli.output import Json, complain, console, print_json

if TYPE_CHECKING:
    from headcount.service.backups import Saved

INCOMPLETE = 3


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    for command in (backup, restore, forget, tidy):
        app.command()(command)


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it, for example headcount.tar.gz.")],
    json: Json = False,
) -> None:
    """Save control store, key, states and unfinished plans in one file; runs may go on meanwhile."""
    from headcount.service.backups import save

    saved = save(file)
    if json:
        print_json({**asdict(saved), "path": str(saved.path)})
    else:
        _tell_saved(saved)
    if saved.elsewhere:
        complain(
            f"Not in it, because they are files of other machines: the states of {', '.join(saved.elsewhere)}.",
            "On the machine that has such a file: headcount state move SYNC --to postgresql. Then save again.",
        )
        raise typer.Exit(INCOMPLETE)


def _tell_saved(saved: Saved) -> None:
    console.print(
        f"Saved {saved.rows:,} rows, {saved.states:,} states and {saved.plans:,} unfinished plans "
        f"in {saved.path} ({saved.bytes:,} bytes)."
    )
    if saved.key:
        console.print("The key of stored secrets is in it: keep it where nobody else can read it.")
    else:
        console.print("The key of stored secrets is not in it: keep HEADCOUNT_SECRET_KEY as well.")


def restore(
    file: Annotated[Path, typer.Argument(help="A file that headcount backup has written.")],
    json: Json = False,
) -> None:
    """Fill an empty home, and an empty database, from a backup."""
    from headcount.service.backups import restore as put_back

    restored = put_back(file)
    if json:
        print_json(asdict(restored))
        return
    console.print(
        f"Restored {restored.rows:,} rows, {restored.states:,} states and {restored.plans:,} unfinished plans "
        f"of {restored.made_at}."
    )


def forget(
    key: Annotated[str, typer.Argument(help="The person's id, or their email where that identifies people.")],
    sync: Annotated[str | None, typer.Option(help="Only in this sync.")] = None,
    json: Json = False,
) -> None:
    """Erase one person from states, plans, receipts and listings, in all syncs; Customer.io is not touched."""
    from headcount.service.forgetting import forget as erase

    found = erase(key, sync=sync)
    if json:
        print_json([asdict(each) for each in found])
        return
    if not found:
        console.print("Nothing is kept under that key.")
    for each in found:
        console.print(
            f"{each.sync}: {'the record, ' if each.acknowledged or each.held else ''}{each.plan_rows:,} rows of plans, "
            f"{each.listed:,} listed rows, {each.answers:,} answers, {each.mentions:,} runs that named it."
        )
    if any(each.acknowledged for each in found):
        console.print("While the source still has the row, the next run sends it again as a new one.")
    console.print(
        "Not erased: Customer.io keeps the person until they are deleted there, backups and messages that were sent "
        "keep what they hold."
    )


def tidy(
    plans: Annotated[int | None, typer.Option(help="From now on keep plans for so many days.")] = None,
    receipts: Annotated[int | None, typer.Option(help="The same for receipts.")] = None,
    runs: Annotated[int | None, typer.Option(help="The same for runs.")] = None,
    requests: Annotated[int | None, typer.Option(help="The same for the log of requests.")] = None,
    json: Json = False,
) -> None:
    """Delete plans, receipts and runs that are older than they have to be kept."""
    from dataclasses import replace

    from headcount.service.retention import keep, retention
    from headcount.service.retention import tidy as delete

    wanted = {"plans": plans, "receipts": receipts, "runs": runs, "requests": requests}
    if given := {name: days for name, days in wanted.items() if days is not None}:
        keep(replace(retention(), **given))
    days, done = retention(), delete()
    if json:
        print_json({"keep_days": asdict(days), "deleted": asdict(done)})
        return
    console.print(
        f"Kept: plans {days.plans} days, receipts {days.receipts} days, runs {days.runs} days, "
        f"requests {days.requests} days."
    )
    console.print(
        f"Deleted: plans of {done.plans:,} runs, receipts of {done.receipts:,} runs, {done.runs:,} runs, "
        f"{done.requests:,} requests."
    )
