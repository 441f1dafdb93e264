"""Commands about what is kept: backup, restore, forget, tidy."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headcount.amounts import amount
from headcount.cli.output import Json, ask, complain, console, print_json

if TYPE_CHECKING:
    from headcount.service.backups import Saved

INCOMPLETE = 3


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    for command in (backup, restore, forget, tidy):
        app.command()(command)


def backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where to write it, for example headcount.tar.gz.")
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    json: Json = False,
) -> None:
    """Save control store, key, states and unfinished plans in one file; runs may go on meanwhile."""
    from headcount.service.backups import save

    saved = save(file, overwrite=overwrite)
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
        f"Saved {_contents(saved.rows, saved.states, saved.plans)} in {saved.path} ({amount(saved.bytes, 'byte')})."
    )
    if saved.key:
        console.print("The key of stored secrets is in it: keep it where nobody else can read it.")
    elif saved.key_apart:
        console.print("The key of stored secrets is not in it: keep HEADCOUNT_SECRET_KEY as well.")
    else:
        console.print("There is no key of stored secrets yet, for nothing was stored.")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that headcount backup has written.")],
    json: Json = False,
) -> None:
    """Fill an empty home, and an empty database, from a backup."""
    from headcount.service.backups import restore as put_back

    restored = put_back(file)
    if json:
        print_json(asdict(restored))
        return
    what = _contents(restored.rows, restored.states, restored.plans)
    console.print(f"Restored {what} of {restored.made_at}.")


def _contents(rows: int, states: int, plans: int) -> str:
    return f"{amount(rows, 'row')}, {amount(states, 'state')} and {amount(plans, 'unfinished plan')}"


def forget(
    key: Annotated[
        str,
        typer.Argument(metavar="KEY", help="The person's id, or their email where that identifies people."),
    ],
    sync: Annotated[str | None, typer.Option(metavar="SYNC", help="Only in this sync.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Erase one person from states, plans, receipts and listings, in all syncs; Customer.io is not touched."""
    from headcount.service.forgetting import forget as erase

    if not yes:
        where = f"the sync {sync}" if sync else "everything that is kept"
        ask(f"Erase {key} from {where} for good?", f"This erases a person from {where}", as_json=json)
    found = erase(key, sync=sync)
    if json:
        print_json([asdict(each) for each in found])
        return
    if not found:
        console.print("Nothing is kept under that key.")
    for each in found:
        console.print(
            f"{each.sync}: {'the record, ' if each.acknowledged or each.held else ''}"
            f"{amount(each.plan_rows, 'row')} of plans, {amount(each.listed, 'listed row')}, "
            f"{amount(each.answers, 'answer')}, {amount(each.mentions, 'run')} that named it."
        )
    if any(each.acknowledged for each in found):
        console.print("While the source still has the row, the next run sends it again as a new one.")
    console.print(
        "Not erased: Customer.io keeps the person until they are deleted there, backups and messages that were sent "
        "keep what they hold."
    )


def tidy(
    plans: Annotated[
        int | None, typer.Option(metavar="DAYS", help="From now on keep plans for so many days.")
    ] = None,
    receipts: Annotated[int | None, typer.Option(metavar="DAYS", help="The same for receipts.")] = None,
    runs: Annotated[int | None, typer.Option(metavar="DAYS", help="The same for runs.")] = None,
    requests: Annotated[
        int | None, typer.Option(metavar="DAYS", help="The same for the log of requests.")
    ] = None,
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
        f"Kept: plans {amount(days.plans, 'day')}, receipts {amount(days.receipts, 'day')}, "
        f"runs {amount(days.runs, 'day')}, requests {amount(days.requests, 'day')}."
    )
    console.print(
        f"Deleted: plans of {amount(done.plans, 'run')}, receipts of {amount(done.receipts, 'run')}, "
        f"{amount(done.runs, 'run')}, {amount(done.requests, 'request')}."
    )
