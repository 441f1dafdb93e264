"""Rows that are never sent, and what is worth a warning, counted from the staged rows."""

from __future__ import annotations

import json
from pathlib import Path

from headcount.comparison import Comparison, parquet
from headcount.complaints import COMPLAINT, PART
from headcount.destinations.base import Placed, WireField
from headcount.model import NOBODY_REMOVED, Plan
from headcount.workbench import quote_text

# Numbers inside a reason do not make it another one.
_WITHOUT_SIZES = "regexp_replace(any_value(reason), 'is [0-9]+ bytes', 'is too many bytes')"

LOOKED_AT = 12  # fields of a row without a key that may tell which one it is
TELLING = 200  # bytes of a value: longer ones tell people nothing at a glance

Said = tuple[tuple[str, str, int], ...]  # field, reason, rows


def count_rows(task: Comparison) -> tuple[int, int, int]:
    """Rows read, invalid and unchanged."""
    bad = task.invalid
    if task.any_duplicates:
        bad += " OR coalesce(key IN (SELECT key FROM duplicates), false)"
    sql = (
        "SELECT count(*), count(*) FILTER (bad), count(*) FILTER (same AND NOT bad) "
        f"FROM (SELECT same, {bad} AS bad FROM {task.staged})"
    )
    read, invalid, unchanged = task.bench.run(sql)[0]
    return read, invalid, unchanged


def write_invalid(task: Comparison, count: int) -> Path:
    """One line per complaint: key (empty when the row has none that could be used), field, reason; and ``about``, for
    rows that no key tells apart, since they have none or one that others have: some of their values as a JSON object by
    field id.
    """
    path = task.folder / "invalid.parquet"
    if not count:
        return path
    complaints = (
        f"SELECT row, key, unnest(string_split(invalid, {quote_text(COMPLAINT)})) AS complaint "
        f"FROM {task.judged} WHERE invalid IS NOT NULL"
    )
    copies = (
        f"SELECT s.key, {quote_text(task.mapped.sync.identifier)} AS field, "
        f"'the key stands in ' || d.copies || ' rows' AS reason, {_about(task)} "
        f"FROM {task.staged} s JOIN duplicates d USING (key)"
    )
    task.bench.run(
        "COPY (SELECT CASE WHEN contains(key, chr(0)) THEN '' ELSE coalesce(key, '') END AS key, "
        f"split_part(complaint, {quote_text(PART)}, 1) AS field, "
        f"split_part(complaint, {quote_text(PART)}, 2) AS reason, about FROM ({complaints}) {_abouts(task)} "
        f"UNION ALL SELECT * FROM ({copies})) "
        f"TO {quote_text(str(path))} ({parquet(3)})"
    )
    return path


def _abouts(task: Comparison) -> str:
    """A join that adds ``about`` to the complaints. Without keyless rows no value is even read."""
    if not task.any_keyless:
        return "CROSS JOIN (SELECT NULL::VARCHAR AS about)"
    unusable = "key IS NULL OR contains(key, chr(0))"
    values = f"SELECT file_row_number AS row, {_about(task)} FROM {task.staged} WHERE {unusable}"
    return f"LEFT JOIN ({values}) USING (row)"


def _about(task: Comparison) -> str:
    fields = zip(task.columns[:LOOKED_AT], task.mapped.field_ids, strict=False)
    told = ", ".join(["NULL", *(_member(column, id_) for column, id_ in fields)])
    return f"'{{' || concat_ws(',', {told}) || '}}' AS about"


def _member(wire: str, id_: str) -> str:
    """A value as a member of a JSON object; nothing where it would tell nothing."""
    telling = (
        f"strlen({wire}) <= {TELLING} AND NOT starts_with({wire}, '!') AND {wire} NOT IN ('null', '\"\"')"
    )
    return f"CASE WHEN {telling} THEN {quote_text(json.dumps(id_, ensure_ascii=False) + ':')} || {wire} END"


def reasons(task: Comparison, path: Path) -> Said:
    """Complaints grouped by field and reason."""
    return tuple(
        task.bench.run(
            f"SELECT field, {_WITHOUT_SIZES} AS r, count(*) AS n FROM read_parquet({quote_text(str(path))}) "
            "GROUP BY field, regexp_replace(reason, '[0-9]+', '', 'g') ORDER BY n DESC, field, r"
        )
    )


def warnings(task: Comparison, plan: Plan) -> Said:
    """What the checks of single rows warn about, and what only shows in the plan as a whole."""
    return (*_removal_warnings(task), *_row_warnings(task), *_plan_warnings(task, plan))


def _removal_warnings(task: Comparison) -> Said:
    if not (task.removes and task.catalogue.acknowledged and task.malformed_keys):
        return ()
    why = f"{NOBODY_REMOVED}: any of these rows may be somebody who seems gone"
    return ((task.mapped.sync.identifier, why, task.malformed_keys),)


def _row_warnings(task: Comparison) -> Said:
    return tuple(
        task.bench.run(
            f"SELECT field, {_WITHOUT_SIZES} AS r, count(*) AS n FROM (SELECT "
            f"split_part(w, {quote_text(PART)}, 1) AS field, split_part(w, {quote_text(PART)}, 2) AS reason FROM "
            f"(SELECT unnest(string_split(warned, {quote_text(COMPLAINT)})) AS w FROM {task.judged} "
            "WHERE warned IS NOT NULL)) GROUP BY field, regexp_replace(reason, '[0-9]+', '', 'g') "
            "ORDER BY n DESC, field, r"
        )
    )


def _plan_warnings(task: Comparison, plan: Plan) -> Said:
    fields = [
        Placed(field=WireField(slot=mapping.slot, to=mapping.to), sql=column)
        for mapping, column in zip(task.mapped.fields, task.columns, strict=True)
    ]
    first = task.catalogue.source_rows is None and task.only is None
    told = task.mapped.object.plan_warnings(task.mapped.sync, fields)
    asked = [warning for warning in told if first or not warning.first]
    if not asked or not plan.add + plan.change:
        return ()
    counts = ", ".join(warning.count for warning in asked)
    (found,) = task.bench.run(
        f"SELECT {counts} FROM read_parquet({quote_text(str(plan.path))}) WHERE op <> 'remove'"
    )
    return tuple((w.field, w.reason, int(n)) for w, n in zip(asked, found, strict=True) if n)
