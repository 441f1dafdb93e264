"""How numbers, times and states are written on pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from headcount.amounts import amount
from headcount.service.left_out import WHOLE_ROW

register = template.Library()

_STEPS = ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"), (30 * 86_400, 86_400, "day"))

# Every state has a signal colour, and a sign beside it for those who see no colours.
SIGNALS = {
    "completed": ("ok", "✓"),
    "done": ("ok", "✓"),
    "accepted": ("ok", "✓"),
    "passed": ("ok", "✓"),
    "sent": ("ok", "✓"),
    "working": ("busy", "▸"),
    "queued": ("busy", "·"),
    "paused": ("attention", "‖"),
    "sync paused": ("attention", "‖"),
    "waiting": ("attention", "?"),
    "in doubt": ("attention", "?"),
    "superseded": ("quiet", "↷"),
    "skipped": ("quiet", "↷"),
    "canceled": ("quiet", "×"),
    "muted": ("quiet", "–"),
    "failed": ("failed", "!"),
    "rejected": ("failed", "!"),
    "invalid": ("attention", "!"),
}


@register.filter
def number(value: Any) -> str:
    """1234567 as 1,234,567; nothing for nothing."""
    return "" if value is None else f"{value:,}"


@register.filter("amount")
def amount_of(count: float | None, words: str) -> str:
    """``{{ rows|amount:"row" }}``, or with a plural of its own ``{{ rows|amount:"row was,rows were" }}``."""
    one, _, many = words.partition(",")
    return "" if count is None else amount(count, one, many)


@register.filter
def or_whole_row(field: str) -> str:
    """What a complaint is about."""
    return field or WHOLE_ROW


@register.filter
def overlaps(reasons: Iterable[Any], rows: int | None) -> bool:
    """Do ``reasons`` (each with its ``rows``) add up to more than the ``rows`` they are about?"""
    return bool(rows) and sum(each.rows for each in reasons) > (rows or 0)


@register.filter
def share(part: float | None, whole: float | None) -> str:
    """``part`` of ``whole`` in per cent."""
    return f"{100 * (part or 0) / whole:.0f} %" if whole else "0 %"


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds as people say them."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


@register.filter
def size(count: int | None) -> str:
    """Bytes as people say them."""
    if count is None:
        return ""
    for unit, power in (("GB", 9), ("MB", 6), ("KB", 3)):
        if count >= 10**power:
            return f"{count / 10**power:.1f} {unit}"
    return amount(count, "byte")


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """How long ago, with the exact time on hover."""
    if moment is None:
        return "never"
    exact = moment.astimezone(timezone.get_current_timezone()).isoformat(sep=" ", timespec="seconds")
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), exact, _ago(moment))


@register.filter
def due(moment: datetime) -> SafeString | str:
    """When something is due; what should have begun already is due now."""
    return "now" if moment <= timezone.now() else ago(moment)


def _ago(moment: datetime) -> str:
    seconds = (timezone.now() - moment).total_seconds()
    if abs(seconds) < 5:
        return "just now"
    for limit, unit, word in _STEPS:
        if abs(seconds) < limit:
            count = int(abs(seconds) // unit)
            distance = amount(count, word) if word == "day" else f"{count} {word}"
            return f"{distance} ago" if seconds > 0 else f"in {distance}"
    return f"{moment:%Y-%m-%d}"


@register.filter
def state(word: str) -> SafeString:
    """A state as a badge: colour, sign and word."""
    signal, sign = SIGNALS.get(word, ("quiet", "·"))
    return format_html(
        '<span class="badge {}"><span aria-hidden="true">{}</span> {}</span>', signal, sign, word
    )


@register.filter
def behavior(name: str) -> str:
    """``update_or_create`` as Update or Create."""
    return " ".join(word if word == "or" else word.title() for word in name.split("_"))
