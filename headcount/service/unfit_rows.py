"""The rows that a plan to look at leaves out, each with its key, a page at a time."""

from __future__ import annotations

from typing import Any

from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.service.drafts import plan_of_draft
from headcount.service.keyless import values_of
from headcount.service.left_out import pattern_of
from headcount.service.plan_rows import Kept
from headcount.service.rejections import NeverSent
from headcount.service.slices import PAGE, Slice, sliced
from headcount.workbench import Workbench, quote_text

_Line = tuple[
    int, str, str, str, str | None
]  # position, key, field, reason, values of a row that no key tells apart


@told()
def never_sent_by_draft(
    sync: str, draft: str, *, field: str | None = None, reason: str = "", after: int = -1
) -> Slice[NeverSent]:
    """A page of the complaints about rows, of one field or reason if wanted; an empty ``field`` is the whole row. A row
    with several complaints stands there several times.

    Raises ``ConfigurationError`` as ``plan_of_draft`` does.
    """
    kept = plan_of_draft(sync, draft)
    found = _read(kept, field, reason, after)
    return sliced(found, PAGE, lambda line: _shown(kept, *line[1:]), lambda line: line[0])


def _read(kept: Kept, field: str | None, reason: str, after: int) -> list[_Line]:
    path = kept.frozen.planned.invalid_path
    if not path.exists():
        return []
    where = ["file_row_number > ?"]
    parameters: list[Any] = [after]
    if field is not None:
        where.append("field = ?")
        parameters.append(field)
    if reason:
        where.append("regexp_matches(reason, ?)")
        parameters.append(pattern_of(reason))
    file = f"read_parquet({quote_text(str(path))}, file_row_number = true)"
    sql = (
        f"SELECT file_row_number, key, field, reason, about FROM {file} WHERE {' AND '.join(where)} "
        f"ORDER BY file_row_number LIMIT {PAGE + 1}"
    )
    with Workbench(setup().root / "scratch", ordered=True, maps=False) as bench:
        return bench.run(sql, parameters)


def _shown(kept: Kept, key: str, field: str, reason: str, about: str | None) -> NeverSent:
    veil = kept.veil
    values = {name: veil.words(name, value) for name, value in values_of(about).items()}
    return NeverSent(key=veil.key(key), field=field, reason=veil.words(field, reason), values=values)
