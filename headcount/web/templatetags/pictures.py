"""Small pictures, drawn as SVG inside the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from headcount.amounts import amount
from headcount.service.overview import Glimpse
from headcount.web.templatetags.words import SIGNALS

register = template.Library()

WIDTH, GAP, HEIGHT, LEAST = 7, 2, 28, 5


@register.simple_tag
def recent_runs(runs: Sequence[Glimpse]) -> SafeString | str:
    """A bar for each run, the newest on the right; higher is more changes, and the colour says how it ended."""
    if not runs:
        return ""
    most = max(run.planned for run in runs) or 1
    bars = (
        (_signal(run), i * (WIDTH + GAP), HEIGHT - high, WIDTH, high, _said(run))
        for i, run in enumerate(runs)
        for high in [LEAST + round((HEIGHT - LEAST) * (run.planned / most) ** 0.5)]
    )
    rects = format_html_join(
        "", '<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>', bars
    )
    width = len(runs) * (WIDTH + GAP)
    return format_html(
        '<svg role="img" width="{}" height="{}" viewBox="0 0 {} {}" aria-label="{}">{}</svg>',
        width, HEIGHT, width, HEIGHT, _summary(runs), rects,
    )  # fmt: skip


def _signal(run: Glimpse) -> str:
    signal = SIGNALS.get(run.status, ("quiet", ""))[0]
    return "attention" if signal == "ok" and run.troubled else signal


def _said(run: Glimpse) -> str:
    return f"Run {run.run}: {run.status}, {run.accepted:,} of {amount(run.planned, 'change')} accepted"


def _summary(runs: Sequence[Glimpse]) -> str:
    counted = Counter(run.status for run in runs)
    return f"The last {amount(len(runs), 'run')}: " + ", ".join(
        f"{n} {status}" for status, n in counted.items()
    )
