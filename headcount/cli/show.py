"""Reports as text for a terminal."""

from __future__ import annotations

import json

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from headcount.amounts import amount
from headcount.model import Counts, RunStatus
from headcount.service.left_out import WHOLE_ROW
from headcount.service.planning import FieldChange, Forecast, PlanReport, RowChange
from headcount.service.previewing import PreviewRow
from headcount.service.reports import RunReport
from headcount.service.shared_values import Shared
from headcount.service.story import Chapter, Story
from headcount.service.unfit_keys import KEYS

REASONS = 4  # shown of why a run's rows are invalid; the listing has all

_AGAIN = "[dim]sent again whole: in doubt, or asked for[/]"
_NO_ROWS = "The model has no rows."

_MARKS = {
    RunStatus.COMPLETED: "[green]✓ completed[/]",
    RunStatus.FAILED: "[red]✗ failed[/]",
    RunStatus.PAUSED: "[yellow]! paused[/]",
    RunStatus.WAITING: "[yellow]! waiting for approval[/]",
    RunStatus.SKIPPED: "[yellow]! skipped[/]",
    RunStatus.CANCELED: "[yellow]! canceled[/]",
    RunStatus.SUPERSEDED: "[yellow]! superseded[/]",
}


_PATIENT = (RunStatus.PAUSED, RunStatus.WAITING, RunStatus.SKIPPED)  # nothing went wrong


def _numbers(**counts: int) -> str:
    """Counts in one line; what is zero steps back."""
    parts = []
    for name, number in counts.items():
        text = f"{name.replace('_', ' ')} {number:,}"
        parts.append(text if number else f"[dim]{text}[/]")
    return "   ".join(parts)


def plan_text(console: Console, plan: PlanReport) -> None:
    """The plan as the page shows it: sums, forecast, why, the first changes."""
    head = _numbers(
        add=plan.add,
        change=plan.change,
        remove=plan.remove,
        unchanged=plan.unchanged,
        invalid=plan.invalid,
        held=plan.held,
        missed=plan.missed,
    )
    console.print(f"[bold]Plan for {escape(plan.name)}[/]   {head}")
    if plan.add + plan.change + plan.remove:
        _forecast(console, plan.forecast)
    else:
        console.print("Nothing to send." if plan.read else _NO_ROWS)
    if why := [item for item in sorted(plan.field_changes.items(), key=lambda item: -item[1]) if item[1]]:
        console.print("why: " + "   ".join(f"{escape(f)} {n / max(plan.change, 1):.0%}" for f, n in why[:8]))
    _rows(console, plan.rows, plan.add + plan.change + plan.remove)
    # Nothing keeps them: here is the only place to see them all.
    _invalid(console, plan.invalid_reasons, plan.invalid_keys)
    _warnings(console, plan.warnings)
    _shared(console, plan.shared)
    if plan.needs_approval:
        console.print(f"[yellow]A run would stop and ask:[/] {escape(plan.needs_approval)}")


def _forecast(console: Console, forecast: Forecast) -> None:
    least, most = forecast.fewest_new_profiles, amount(forecast.new_profiles, "new profile")
    console.print(
        f"forecast: {amount(forecast.requests, 'request')}, {size_text(forecast.bytes)}, "
        f"{seconds_text(forecast.seconds)}, {f'{least:,} to ' if least < forecast.new_profiles else ''}{most}",
    )


def _shared(console: Console, shared: tuple[Shared, ...]) -> None:
    for one in shared:
        more = f" and {one.rows - len(one.keys):,} more" if one.rows > len(one.keys) else ""
        keys = f"{escape(', '.join(one.keys))}{more}"
        console.print(
            f"    {escape(one.field)} {_value(one.value)} stands in {amount(one.rows, 'row')}: {keys}"
        )


def _rows(console: Console, rows: tuple[RowChange, ...], total: int) -> None:
    if not rows:
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in rows:
        changes = "  ".join(_change(row.op, change) for change in row.fields)
        table.add_row(_op(row.op), escape(row.key), changes or (_AGAIN if row.op == "change" else ""))
    console.print(table)
    if total > len(rows):
        console.print(f"[dim]… and {total - len(rows):,} more[/]")


def _op(op: str) -> str:
    return {"add": "[green]+ add[/]", "change": "[yellow]~ change[/]", "remove": "[red]- remove[/]"}.get(
        op, op
    )


def _change(op: str, change: FieldChange) -> str:
    name, new = f"[cyan]{escape(change.field)}[/]", _value(change.new)
    if op == "add" or (op == "change" and change.old is None):
        return f"{name} {new}"
    if op == "remove":
        return f"{name} {_value(change.old)}"
    return f"{name} {_value(change.old)} → {new}"


def _value(wire: str | None) -> str:
    if wire is None:
        return "[dim]–[/]"
    text = str(json.loads(wire)) if wire.startswith('"') else wire
    return escape(text if len(text) <= 60 else text[:57] + "…") or '""'


def run_text(console: Console, report: RunReport) -> None:
    """How a run ended, in a few lines."""
    for earlier in report.resumed:
        console.print(f"[dim]Run {earlier.run} was left unfinished and was brought to its end first:[/]")
        run_text(console, earlier)
    counts = report.counts
    mark = _MARKS.get(report.status, report.status.value)
    console.print(f"Run {report.run} · {escape(report.sync)} · {mark} · {seconds_text(report.seconds)}")
    if counts.read or counts.planned:
        _sums_text(console, counts)
    elif report.status is RunStatus.COMPLETED:
        console.print(f"  {_NO_ROWS}")
    invalid_text(console, report.invalid_reasons, report.sync)
    _warnings(console, report.warnings)
    if report.error:
        colour = "yellow" if report.status in _PATIENT else "red"
        console.print(f"[{colour}]{escape(report.error)}[/] {escape(report.hint)}")
    if report.status is RunStatus.WAITING:
        console.print(f"Approve it with: headcount approve {report.run}")


def _sums_text(console: Console, counts: Counts) -> None:
    """Both sums of P1, without what is zero."""
    console.print(
        f"  read {counts.read:,} = "
        + _sum(
            add=counts.add, change=counts.change, unchanged=counts.unchanged, invalid=counts.invalid,
            held=counts.held, missed=counts.missed,
        )
    )  # fmt: skip
    if not counts.planned:
        console.print("  nothing to send")
        return
    removed = f" (remove {counts.remove:,})" if counts.remove else ""
    console.print(
        f"  planned {counts.planned:,}{removed} = "
        + _sum(
            accepted=counts.accepted, rejected=counts.rejected, in_doubt=counts.in_doubt, unsent=counts.unsent
        )
        + f"   [dim]{amount(counts.requests, 'request')}, {size_text(counts.bytes)}[/]"
    )


def _sum(**parts: int) -> str:
    return " + ".join(f"{name.replace('_', ' ')} {n:,}" for name, n in parts.items() if n) or "0"


def invalid_text(console: Console, reasons: tuple[tuple[str, str, int], ...], sync: str) -> None:
    """The most frequent reasons why rows were not sent, and where to see the rows."""
    _invalid(console, reasons[:REASONS])
    if len(reasons) > REASONS:
        console.print(
            f"  [dim]… {amount(len(reasons) - REASONS, 'more reason')}: headcount rejected {escape(sync)}[/]"
        )


def _invalid(
    console: Console, reasons: tuple[tuple[str, str, int], ...], keys: tuple[tuple[str, ...], ...] = ()
) -> None:
    for place, (field, reason, rows) in enumerate(reasons):
        some = keys[place] if keys else ()
        more = " …" if rows > len(some) == KEYS else ""
        told = f" ({escape(', '.join(some))}{more})" if some else ""
        console.print(f"  [yellow]invalid[/] {rows:,} × {escape(field or WHOLE_ROW)}: {escape(reason)}{told}")


def _warnings(console: Console, warnings: tuple[str, ...]) -> None:
    for warning in warnings:
        console.print(f"  [yellow]note[/] {escape(warning)}")


def preview_text(console: Console, rows: tuple[PreviewRow, ...]) -> None:
    for number, row in enumerate(rows, start=1):
        name = row.key or f"Row {number}, which has no key,"
        if row.payload is not None:
            console.print_json(row.payload)
        for field, reason in row.problems:
            console.print(
                f"[yellow]{escape(name)} would be invalid:[/] {escape(field or WHOLE_ROW)}: {escape(reason)}"
            )
        _warnings(console, tuple(f"{field or WHOLE_ROW}: {reason}." for field, reason in row.notes))


def story_text(console: Console, story: Story) -> None:
    """One record, newest run first."""
    console.print(f"[bold]{escape(story.key)}[/] in {escape(story.sync)}")
    if story.now is None:
        console.print("  Nothing of it was ever accepted.")
    else:
        doubt = (
            "  [yellow]the last change is in doubt and will be sent again[/]" if story.now.in_doubt else ""
        )
        values = "  ".join(
            f"[cyan]{escape(k)}[/] {_value(v)}" for k, v in story.now.values.items() if v is not None
        )
        console.print(f"  accepted: {values or _without_values(story)}{doubt}")
        if story.now.held:
            console.print(f"  [yellow]held:[/] {escape(story.now.held)}")
    for chapter in story.chapters:
        _chapter(console, chapter)


def _without_values(story: Story) -> str:
    if story.now is None or not story.now.acknowledged:
        return "nothing yet"
    if story.sent is None:
        return "sent or recorded as seen, in a run whose plan is gone"
    return "sent" if story.sent else "nothing: it was recorded as seen, and not sent"


def _chapter(console: Console, chapter: Chapter) -> None:
    when = chapter.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    changes = "  ".join(_change(chapter.op, change) for change in chapter.fields)
    answer = {"accepted": "[green]accepted[/]", "rejected": "[red]rejected[/]"}.get(
        chapter.answer, f"[yellow]{chapter.answer}[/]"
    )
    reason = f" {escape(chapter.reason)}" if chapter.reason else ""
    console.print(f"  {when}  run {chapter.run}  {_op(chapter.op)}  {answer}{reason}  {changes}")


def size_text(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else amount(size, "byte")


def seconds_text(seconds: float) -> str:
    if seconds >= 5400:
        return f"{seconds / 3600:,.1f} h"
    return f"{seconds / 60:,.1f} min" if seconds >= 90 else f"{seconds:,.1f} s"
