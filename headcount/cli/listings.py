"""Commands that look back, and those that stop: runs, rejected, cancel, pause."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headcount.amounts import amount
from headcount.cli.output import Json, print_json, print_table

if TYPE_CHECKING:
    from headcount.service.left_out import InvalidReason
    from headcount.service.listings import Rejections, RunLine


TROUBLES = ("rejected", "in_doubt", "unsent", "invalid")  # counts that are worth a word in a list


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    for command in (runs, rejected, cancel, pause):
        app.command()(command)


def runs(
    sync: Annotated[str | None, typer.Argument(metavar="SYNC", help="Only this sync.")] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many.")] = 20,
    as_json: Json = False,
) -> None:
    """The latest runs, newest first."""
    from headcount.service.listings import list_runs

    found = list_runs(sync, limit=limit)
    if as_json:
        print_json([asdict(line) for line in found])
    elif not found:
        typer.echo("No runs yet.")
    else:
        heads = ("run", "sync", "status", "began", "seconds", "outcome")
        print_table(heads, (_row(line) for line in found))


def _row(line: RunLine) -> tuple[object, ...]:
    began = (line.started_at or line.created_at).astimezone().strftime("%Y-%m-%d %H:%M")
    seconds = None if line.seconds is None else f"{line.seconds:,.1f}"
    return (str(line.run), line.sync, line.status, began, seconds, _outcome(line))


def _outcome(line: RunLine) -> str:
    """What came of a run, without what is zero; then what stopped it, in the first line of its words, and how a run
    goes on that rests.
    """
    on = line.hint if line.status == "paused" else ""
    return " ".join(filter(None, (_sums(line.counts), line.error.partition("\n")[0], on)))


def _sums(counts: dict[str, int]) -> str:
    if not counts:
        return ""
    planned = sum(counts[name] for name in ("add", "change", "remove"))
    sent = f"accepted {counts['accepted']:,} of {planned:,}" if planned else "nothing to send"
    rest = [f"{name.replace('_', ' ')} {counts[name]:,}" for name in TROUBLES if counts[name]]
    return ", ".join([sent, *rest]) + "."


def rejected(
    sync: Annotated[str, typer.Argument(metavar="SYNC", help="The sync's key in the project file.")],
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all of them to a CSV file.")] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many to show.")] = 50,
    as_json: Json = False,
) -> None:
    """Rows that Customer.io refused, in its own words, and rows that were never sent."""
    from headcount.service.listings import rejections

    if csv is not None:
        _write_csv(sync, csv, as_json)
    if as_json:
        print_json(asdict(rejections(sync, limit=limit)))
    elif csv is None:
        show_rejections(rejections(sync, limit=limit))


def _write_csv(sync: str, path: Path, as_json: bool) -> None:
    from headcount.service.csv_listing import write_rejected

    written = write_rejected(sync, path)
    told = f"{path} holds {written.rejected:,} rejected and {amount(written.invalid, 'invalid row')}"
    if written.complaints > written.invalid:
        told += f" with {amount(written.complaints, 'complaint')}"
    typer.echo(f"{told}.", err=as_json)
    if not written.complete:
        typer.echo("Of the invalid rows only examples are left: their plan is gone.", err=as_json)


def show_rejections(found: Rejections) -> None:
    """What was refused row by row, and what was never sent by reason."""
    from headcount.service.left_out import WHOLE_ROW

    if not found.rejected and not found.invalid_reasons:
        typer.echo(f"Nothing of {found.sync} is rejected.")
    if found.rejected:
        rows = ((r.key, r.op, r.field or WHOLE_ROW, r.reason, r.message, str(r.run)) for r in found.rejected)
        print_table(("key", "op", "field", "reason", "message", "run"), rows)
        if found.total > len(found.rejected):
            typer.echo(f"… and {found.total - len(found.rejected):,} more. --csv FILE writes all of them.")
        typer.echo(f"They are sent again when their values change. At once: headcount retry {found.sync}")
    if found.invalid_reasons:
        typer.echo(f"Never sent in run {found.invalid_run}:")
        print_table(
            ("rows", "field", "reason", "for example"),
            ((why.rows, why.field or WHOLE_ROW, why.reason, _example(why)) for why in found.invalid_reasons),
        )


def cancel(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The run's number.")], as_json: Json = False
) -> None:
    """Stop a run. What was accepted so far stays accepted."""
    from headcount.service.running import cancel_run

    report = cancel_run(run)
    if as_json:
        print_json({"run": report.run, "sync": report.sync, "status": report.status.value})
    elif report.status.value == "canceled":
        typer.echo(f"Run {run} is canceled.")
    else:
        typer.echo(f"Run {run} was asked to stop; it ends after the requests that are on their way.")


def pause(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The run's number.")], as_json: Json = False
) -> None:
    """Let a run rest until somebody resumes it."""
    from headcount.service.queue import pause_run

    status = pause_run(run)
    if as_json:
        print_json({"run": run, "status": status})
    elif status == "paused":
        typer.echo(f"Run {run} is paused. It goes on with: headcount resume {run}")
    else:
        typer.echo(f"Run {run} was asked to rest; it does after the requests that are on their way.")


def _example(why: InvalidReason) -> str:
    """A key, or what else is known of a row that has none."""
    from headcount.service.keyless import words_of

    return _short(why.example) if why.example else words_of(why.values)


def _short(key: str) -> str:
    return key if len(key) <= 40 else f"{key[:39]}…"
