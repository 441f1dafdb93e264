"""What came out: results.json, the table against what is required, and the table in the documentation."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measure import Measured

RESULTS = Path(__file__).parent / "results.json"
PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: written by make bench -->", "<!-- end of figures -->"

Result = dict[str, Any]


def document(found: Sequence[Measured]) -> dict[str, Any]:
    """The content of results.json."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "results": [_result(one) for one in found],
    }


def _result(one: Measured) -> Result:
    return {
        "measure": one.measure,
        "system": one.system,
        "rows": one.rows,
        "rows_sent": one.tally.rows,
        "seconds": round(one.seconds, 3),
        "rows_per_second": round(one.rows_per_second),
        "requests": one.tally.requests,
        "bytes": one.tally.bytes,
        "peak_rss_mb": round(one.peak_rss_mb, 1),
    }


def machine() -> str:
    """The machine in a few words, without its name."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return (
        f"{os.cpu_count()} cores ({_processor()}), {pages / 1e9:.0f} GB, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}"
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


@dataclass(frozen=True, kw_only=True)
class Demand:
    """One line of what is required: the value found, in words, and whether it is enough."""

    words: str
    found: str
    met: bool


def demands(results: Sequence[Result]) -> list[Demand]:
    """What can be judged with these results."""
    by_name = {(one["measure"], one["system"]): one for one in results}
    return [*_ratios(by_name), *_pgstate(by_name), *_reruns(by_name), *_memory(by_name), *_requests(by_name)]


Named = dict[tuple[str, str], Result]
FIRST, EVENTS = "first_load_people_1m", "first_load_events_1_5m"


def _ratios(by_name: Named) -> list[Demand]:
    wanted = [
        (FIRST, "floor", 0.3),
        (FIRST, "dlt", 4),
        (FIRST, "drt", 4),
        (FIRST, "sdk_batch", 1.5),
        (EVENTS, "floor", 0.3),
    ]
    found = []
    for measure, system, least in wanted:
        ours, theirs = by_name.get((measure, "headcount")), by_name.get((measure, system))
        if ours and theirs:
            ratio = ours["rows_per_second"] / theirs["rows_per_second"]
            words = f"{measure}: at least {least} × {system}"
            found.append(Demand(words=words, found=f"{ratio:.2f} ×", met=ratio >= least))
    return found


def _pgstate(by_name: Named) -> list[Demand]:
    local = by_name.get((FIRST, "headcount"))
    shared = by_name.get((f"{FIRST}_pgstate", "headcount"))
    found = []
    if local and shared:
        ratio = shared["rows_per_second"] / local["rows_per_second"]
        words = f"{FIRST}_pgstate: at least 0.5 × with a local state"
        found.append(Demand(words=words, found=f"{ratio:.2f} ×", met=ratio >= 0.5))
    if one := by_name.get(("one_percent_1m_pgstate", "headcount")):
        words = "one_percent_1m_pgstate: about 6 s"
        found.append(Demand(words=words, found=f"{one['seconds']:.2f} s", met=one["seconds"] <= 7))
    return found


def _reruns(by_name: Named) -> list[Demand]:
    first = by_name.get((FIRST, "headcount"))
    found = []
    for measure, share, about in (("rerun_unchanged_1m", 4, 1.5), ("one_percent_1m", 3, 2.5)):
        one = by_name.get((measure, "headcount"))
        if first and one:
            words = f"{measure}: at most 1/{share} of the first load, about {about} s"
            seconds, most = one["seconds"], first["seconds"] / share
            found.append(Demand(words=words, found=f"{seconds:.2f} s of {most:.2f} s", met=seconds <= most))
    if rerun := by_name.get(("rerun_unchanged_1m", "headcount")):
        requests = rerun["requests"]
        found.append(Demand(words="rerun_unchanged_1m: no request", found=str(requests), met=not requests))
    if small := by_name.get(("small_5k_2_changed", "headcount")):
        seconds = small["seconds"]
        words = "small_5k_2_changed: about 1.5 s"
        found.append(Demand(words=words, found=f"{seconds:.2f} s", met=seconds <= 1.8))
    return found


def _memory(by_name: Named) -> list[Demand]:
    first = by_name.get((FIRST, "headcount"))
    many = by_name.get(("first_load_people_10m", "headcount"))
    found = []
    for one in filter(None, (first, many)):
        peak = one["peak_rss_mb"]
        words = f"{one['measure']}: at most 450 MB"
        found.append(Demand(words=words, found=f"{peak:.0f} MB", met=peak <= 450))
    if first and many:
        ratio = many["peak_rss_mb"] / first["peak_rss_mb"]
        words = "first_load_people_10m: at most 1.3 × the memory of 1 M"
        found.append(Demand(words=words, found=f"{ratio:.2f} ×", met=ratio <= 1.3))
    return found


def _requests(by_name: Named) -> list[Demand]:
    first = by_name.get((FIRST, "headcount"))
    if not first:
        return []
    share = first["requests"] / (first["bytes"] / 500_000)
    words = f"{FIRST}: requests at most 1.05 × bytes / 500,000"
    return [Demand(words=words, found=f"{share:.3f} ×", met=share <= 1.05)]


COLUMNS = ("measure", "system", "rows", "sent", "seconds", "rows/s", "requests", "MB sent", "peak MB")


def rows_of(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """The results as texts, in the order of ``COLUMNS``."""
    return [
        (
            one["measure"],
            one["system"],
            f"{one['rows']:,}",
            f"{one['rows_sent']:,}",
            f"{one['seconds']:.2f}",
            f"{one['rows_per_second']:,}",
            f"{one['requests']:,}",
            f"{one['bytes'] / 1e6:,.1f}",
            f"{one['peak_rss_mb']:.0f}",
        )
        for one in results
    ]


def table(results: Sequence[Result]) -> str:
    """The figures, for a terminal."""
    lines = [COLUMNS, *rows_of(results)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    return "\n".join("  ".join(map(_justified, range(len(COLUMNS)), line, widths)) for line in lines)


def _justified(column: int, cell: str, width: int) -> str:
    return cell.ljust(width) if column < 2 else cell.rjust(width)


def judgement(results: Sequence[Result]) -> str:
    """What is required, and whether it was found, for a terminal."""
    return "\n".join(f"{'ok  ' if d.met else 'MISS'}  {d.words}: {d.found}" for d in demands(results))


def markdown(content: dict[str, Any]) -> str:
    """The generated part of docs/benchmarks.md."""
    results = content["results"]
    head = f"| {' | '.join(COLUMNS)} |\n|---|---|{'---:|' * (len(COLUMNS) - 2)}"
    table = "\n".join(f"| {' | '.join(line)} |" for line in rows_of(results))
    judged = "\n".join(f"| {d.words} | {d.found} | {'yes' if d.met else 'no'} |" for d in demands(results))
    return (
        f"Measured {content['when'][:10]} on {content['machine']}.\n\n{head}\n{table}\n\n"
        f"| required | found | met |\n|---|---|---|\n{judged}"
    )


def save(content: dict[str, Any]) -> None:
    """Write results.json, and the figures into the documentation."""
    RESULTS.write_text(json.dumps(content, indent=1) + "\n")
    PAGE.write_text(with_figures(PAGE.read_text(), content))


def with_figures(page: str, content: dict[str, Any]) -> str:
    """The page with these figures between its markers."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{markdown(content)}\n\n{END}{after}"
