"""The plan: which rows are added and changed, which keys are removed, in which order, and why."""

from __future__ import annotations

from pathlib import Path

from headcount.comparison import Comparison, parquet
from headcount.model import Plan
from headcount.workbench import quote_text

PLAN_FILE = "plan.parquet"  # in the folder of a run's plan


def write_plan(task: Comparison, *, held: bool, missed: bool) -> Plan:
    """Freeze the plan into ``PLAN_FILE``, whole or not at all."""
    path = task.folder / PLAN_FILE
    temporary = path.with_suffix(".part")
    temporary.unlink(missing_ok=True)
    if held or missed or not _all_go(task) or not _linked(task.folder / "staged.parquet", temporary):
        sql = _sql(task, held=held, missed=missed)
        options = parquet(2 * len(task.columns))
        task.bench.run(f"COPY ({sql}) TO {quote_text(str(temporary))} ({options})")
    temporary.rename(path)
    counts = dict(
        task.bench.run(f"SELECT op, count(*) FROM read_parquet({quote_text(str(path))}) GROUP BY op")
    )
    return Plan(
        path=path,
        fields=task.mapped.field_ids,
        digests=task.digests,
        add=counts.get("add", 0),
        change=counts.get("change", 0),
        remove=counts.get("remove", 0),
    )


def _all_go(task: Comparison) -> bool:
    """Is what was staged the plan already? So it is on a first load without a bad row, which saves a copy of it all."""
    return task.may_be_plan and not task.any_duplicates and not task.any_invalid


def _linked(file: Path, name: Path) -> bool:
    """Give a file a second name, where the file system knows such things."""
    try:
        name.hardlink_to(file)
    except OSError:
        return False
    return True


def _sql(task: Comparison, *, held: bool, missed: bool) -> str:
    sql = _changes(task, held=held, missed=missed)
    if task.removes and task.catalogue.acknowledged and not task.malformed_keys:
        return f"{sql} UNION ALL {_removals(task)}"
    return f"SELECT * FROM ({sql}) ORDER BY {_event_order(task)}" if task.append_only else sql


def _changes(task: Comparison, *, held: bool, missed: bool) -> str:
    where = [f"c.key IN ({task.tried})" if task.tried else "false"] if task.record_seen else []
    where += ["c.key NOT IN (SELECT key FROM held_now)"] if held else []
    where += ["c.key NOT IN (SELECT key FROM missed)"] if missed else []
    joins = "LEFT JOIN state.acknowledged a ON a.key = c.key" if task.catalogue.acknowledged else ""
    always_new = task.append_only or not joins
    op = "'add'" if always_new else "CASE WHEN a.key IS NULL THEN 'add' ELSE 'change' END"
    new = [f"{_sent(task, i)} AS {column}" for i, column in enumerate(task.columns)]
    digest = ["c.digest AS digest"] if task.digests else []
    columns = ", ".join([f"{op} AS op", "c.key AS key", *digest, *new, *_old(task)])
    sql = f"SELECT {columns} FROM ({task.candidates()}) c {joins}"
    return sql + (f" WHERE {' AND '.join(where)}" if where else "")


def _old(task: Comparison) -> list[str]:
    """What was acknowledged; nothing where there are additions only, for an empty column costs memory too."""
    if task.append_only or not task.catalogue.acknowledged:
        return []
    return [f"{'a.' + k if k else 'NULL::VARCHAR'} AS o{i:03d}" for i, k in enumerate(task.known)]


def old_values(plan: Plan) -> list[str]:
    """SQL over a plan for what was acknowledged of each field: additions have none."""
    if not plan.change + plan.remove:
        return ["NULL::VARCHAR" for _ in plan.fields]
    return [f"o{i:03d}" for i in range(len(plan.fields))]


def _sent(task: Comparison, index: int) -> str:
    """Changed fields only leaves out what is acknowledged; after doubt everything is sent again."""
    column, known = task.columns[index], task.known[index]
    part_of_every_row = task.mapped.fields[index].slot != "attributes"
    if not task.mapped.sync.changed_fields_only or not known or task.full or part_of_every_row:
        return f"c.{column}"
    return f"CASE WHEN a.in_doubt OR a.{known} IS DISTINCT FROM c.{column} THEN c.{column} END"


def _removals(task: Comparison) -> str:
    """Acknowledged keys that no source row has, not even an invalid one."""
    nothing = [f"NULL::VARCHAR AS {column}" for column in task.columns]
    digest = ["NULL::UUID AS digest"] if task.digests else []
    columns = ", ".join(["'remove' AS op", "a.key AS key", *digest, *nothing, *_old(task)])
    waiting = " AND a.key NOT IN (SELECT key FROM state.held WHERE op = 'remove' AND NOT released)"
    return (
        f"SELECT {columns} FROM state.acknowledged a WHERE NOT EXISTS "
        f"(SELECT 1 FROM {task.staged} s WHERE s.key = a.key)" + (waiting if task.catalogue.held else "")
    )


def _event_order(task: Comparison) -> str:
    fields = zip(task.columns, task.mapped.fields, strict=True)
    times = [f"TRY_CAST({column} AS BIGINT)" for column, mapping in fields if mapping.slot == "timestamp"]
    return ", ".join([*times, "key"])


def explain(task: Comparison, plan: Plan) -> tuple[dict[str, int], int]:
    """Per field, in how many changed rows it differs; and how many rows overwrite an acknowledged value."""
    if not plan.change:
        return {}, 0
    differs = [f"({c} IS NOT NULL AND {c} IS DISTINCT FROM o{c[1:]})" for c in task.columns]
    overwrites = [f"({d} AND o{c[1:]} IS NOT NULL)" for d, c in zip(differs, task.columns, strict=True)]
    counts = ", ".join(
        [
            f"count(*) FILTER ({' OR '.join(overwrites) or 'false'})",
            *(f"count(*) FILTER ({d})" for d in differs),
        ]
    )
    sql = f"SELECT {counts} FROM read_parquet({quote_text(str(plan.path))}) WHERE op = 'change'"
    total, *each = task.bench.run(sql)[0]
    return {m.to: n for m, n in zip(task.mapped.fields, each, strict=True) if n}, total


def new_fields(task: Comparison) -> tuple[str, ...]:
    """The fields that no acknowledged row has been sent with yet."""
    if not task.catalogue.acknowledged or task.append_only:
        return ()
    fields = zip(task.mapped.fields, task.known, strict=True)
    return tuple(mapping.to for mapping, known in fields if known is None)
