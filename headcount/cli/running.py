"""Commands that look ahead and act: plan, run, approve, resume, retry, preview, test, explain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headcount.amounts import amount
from headcount.cli.output import INTERRUPTED, Json, ask, complain, console, print_json
from headcount.errors import NoSuchRecord
from headcount.logs import Event, note
from headcount.model import RunStatus

if TYPE_CHECKING:  # loading the service takes longer than printing the help
    from headcount.service.reports import RunReport
    from headcount.sync import Progress

    Work = Callable[[Progress | None], RunReport]

SyncKey = Annotated[str, typer.Argument(metavar="SYNC", help="The sync's key in the project file.")]
Full = Annotated[bool, typer.Option("--full", help="Send every person again, changed or not.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the program."""
    for command in (plan, run, approve, resume, retry, preview, test, explain):
        app.command()(command)


def plan(
    sync: SyncKey,
    rows: Annotated[int, typer.Option(min=0, metavar="N", help="How many changes to show.")] = 20,
    full: Full = False,
    json: Json = False,
) -> None:
    """Show what a run would send, old -> new, and send nothing."""
    from headcount.cli.progress import TerminalProgress
    from headcount.cli.show import plan_text
    from headcount.service.planning import plan_sync

    with _sending_nothing():
        if json:
            print_json(asdict(plan_sync(sync, rows=rows, full=full)))
            return
        with TerminalProgress(console, sends=False) as progress:
            report = plan_sync(sync, rows=rows, full=full, progress=progress)
    plan_text(console, report)


def run(
    sync: SyncKey,
    full: Full = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before a full run.")] = False,
    json: Json = False,
) -> None:
    """Send what changed since the last run."""
    if full:
        _show_full(sync, asking=not yes, as_json=json)
    from headcount.service.running import run_sync

    _finish(lambda progress: run_sync(sync, full=full, progress=progress), json)


def _show_full(sync: str, *, asking: bool, as_json: bool) -> None:
    from headcount.cli.show import plan_text
    from headcount.service.planning import plan_sync

    if as_json and not asking:
        return
    with _sending_nothing():
        seen = plan_sync(sync, rows=0, full=True)
    if not as_json:
        plan_text(console, seen)
    if asking:
        ask("Send all of this again?", f"This sends every person of {sync} again", as_json=as_json)


def approve(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The run's number.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before removing records.")] = False,
    json: Json = False,
) -> None:
    """Let a run go on that a guard has stopped."""
    from headcount.service.running import approve_run
    from headcount.service.starting_runs import removals

    if not yes and (count := removals(run)):
        removed = amount(count, "record")
        ask(f"Remove {removed} from the workspace?", f"Run {run} removes {removed}", as_json=json)
    _finish(lambda progress: approve_run(run, progress=progress), json)


def resume(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The run's number.")], json: Json = False
) -> None:
    """Go on with a run that was paused."""
    from headcount.service.running import go_on_now

    _finish(lambda progress: go_on_now(run, progress=progress), json)


def retry(
    sync: SyncKey,
    key: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Only this record; may be given several times.")
    ] = None,
    json: Json = False,
) -> None:
    """Send rejected rows again, with the values they have now."""
    from headcount.service.running import retry_sync

    _finish(lambda progress: retry_sync(sync, key or None, progress=progress), json)


def test(
    sync: SyncKey,
    key: Annotated[str, typer.Option(metavar="KEY", help="The record to send.")],
    json: Json = False,
) -> None:
    """Send one chosen row for real, and record it as accepted."""
    from headcount.service.running import test_row

    _finish(lambda progress: test_row(sync, key, progress=progress), json)


def preview(
    sync: SyncKey,
    key: Annotated[str | None, typer.Option(metavar="KEY", help="The record to show.")] = None,
    rows: Annotated[int, typer.Option(min=1, metavar="N", help="How many rows to show.")] = 3,
    json: Json = False,
) -> None:
    """Show the exact payloads of some rows, and send nothing."""
    from headcount.cli.show import preview_text
    from headcount.service.planning import preview_sync

    with _sending_nothing():
        found = preview_sync(sync, rows=rows, record=key, patient=True)
    if key is not None and not found:
        raise NoSuchRecord("No row of the model has that key.", hint=f"See some: headcount preview {sync}")
    if json:
        print_json([asdict(row) for row in found])
        return
    if not found:
        console.print("The model has no rows.")
    preview_text(console, found)


def explain(
    sync: SyncKey,
    key: Annotated[str, typer.Argument(metavar="KEY", help="The record's key.")],
    json: Json = False,
) -> None:
    """Tell one record's story: what was sent, when, in which run, with which answer."""
    from headcount.cli.show import story_text
    from headcount.service.story import explain as tell

    story = tell(sync, key)
    if json:
        print_json(asdict(story))
        return
    story_text(console, story)


@contextmanager
def _sending_nothing() -> Iterator[None]:
    """What is interrupted inside had nothing to lose."""
    try:
        yield
    except KeyboardInterrupt:
        complain("Interrupted. Nothing was sent.")
        raise typer.Exit(INTERRUPTED) from None


def _finish(work: Work, json: bool) -> None:
    """Work, print the report, and leave with the exit code it deserves."""
    from headcount.service import tracing

    tracing.start()
    try:
        report = _worked(work, silent=json)
    finally:
        tracing.stop()
    for done in (*report.resumed, report):
        note(Event.RUN_DONE, **done.figures())
    if json:
        print_json(run_json(report))
    else:
        from headcount.cli.show import run_text

        run_text(console, report)
    raise typer.Exit(exit_code(report))


def _worked(work: Work, *, silent: bool) -> RunReport:
    """The run, with progress bars or without. Interrupted, it ends after the requests that are on their way."""
    try:
        if silent:
            return work(None)
        from headcount.cli.progress import TerminalProgress

        with TerminalProgress(console) as progress:
            return work(progress)
    except KeyboardInterrupt:
        complain(
            "Interrupted. What was answered is recorded.", "The next run of this sync goes on from here."
        )
        raise typer.Exit(INTERRUPTED) from None


def exit_code(report: RunReport) -> int:
    """0 done; 1 done, but rows were rejected or invalid; 3 the run did not get to its end."""
    if report.status is RunStatus.COMPLETED:
        return 1 if report.troubled else 0
    return 0 if report.status is RunStatus.SKIPPED else 3


def run_json(report: RunReport) -> dict[str, Any]:
    """The one object that ``run --json`` prints."""
    counts = report.counts
    return {
        "run": report.run,
        "sync": report.sync,
        "status": report.status.value,
        "source": {
            "rows": counts.read,
            "invalid": counts.invalid,
            "unchanged": counts.unchanged,
            "held": counts.held,
            "missed": counts.missed,
        },
        "plan": {"add": counts.add, "change": counts.change, "remove": counts.remove},
        "destination": {
            "accepted": counts.accepted,
            "rejected": counts.rejected,
            "in_doubt": counts.in_doubt,
            "unsent": counts.unsent,
            "requests": counts.requests,
            "bytes": counts.bytes,
        },
        "seconds": report.seconds,
        "error": report.error,
        "hint": report.hint,
        "warnings": list(report.warnings),
        "resumed": [run_json(earlier) for earlier in report.resumed],
    }
