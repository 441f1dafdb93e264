"""The rows that are sent: TPC-H customers as people, TPC-H orders as events, as Parquet files.

Made once and kept. A child process makes them, so that what that takes does not count for anybody.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

FOLDER = Path(__file__).parent / "data"

# One unit of TPC-H's scale factor.
CUSTOMERS = 150_000
ORDERS = 1_500_000

# A person: the id and nine attributes. TPC-H has seven of them; two follow from the customer's number. No balance is
# a whole number: one system writes 10 and another 10.0, which is the same value and another checksum.
PEOPLE = """
    SELECT c_custkey AS id, c_name AS name, c_address AS address, c_nationkey AS nation, c_phone AS phone,
           (c_acctbal + 0.001)::DOUBLE AS balance, c_mktsegment AS segment, c_comment AS comment,
           TIMESTAMP '2015-01-01' + to_seconds(c_custkey * 31) AS created_at, c_custkey % 3 = 0 AS newsletter
    FROM {table} WHERE c_custkey <= {rows}
"""
PEOPLE_FIELDS = (
    "name",
    "address",
    "nation",
    "phone",
    "balance",
    "segment",
    "comment",
    "created_at",
    "newsletter",
)

# An event: what was ordered, by whom, when, and six properties.
EVENTS = """
    SELECT o_orderkey AS order_id, o_custkey AS customer_id, o_orderdate::TIMESTAMP AS ordered_at,
           o_orderstatus AS status, o_totalprice::DOUBLE AS total, o_orderpriority AS priority,
           o_clerk AS clerk, o_shippriority AS ship_priority, o_comment AS comment
    FROM {table} LIMIT {rows}
"""
EVENT_FIELDS = ("status", "total", "priority", "clerk", "ship_priority", "comment")
EVENT_NAME = "order_placed"

# A wide person: an id and 299 attributes of five kinds, no two of them alike.
WIDE_FIELDS = tuple(f"field_{i:03d}" for i in range(1, 300))
WIDE_KINDS = (
    "'value ' || (id * {i} % 100003)",
    "id * {i} % 1000003",
    "(id * {i} % 99991) / 7.0 + 0.001",
    "TIMESTAMP '2015-01-01' + to_seconds(id * {i} % 100000000)",
    "(id + {i}) % 3 = 0",
)


@dataclass(frozen=True, kw_only=True)
class Table:
    """One Parquet file. ``changed`` rows have another balance than in the file of the same size without changes."""

    kind: str  # people, events, wide or bad (people of whom nine in ten have too long an id)
    rows: int
    changed: int = 0

    @property
    def path(self) -> Path:
        ending = f"-{self.changed}-changed" if self.changed else ""
        return FOLDER / f"{self.kind}-{self.rows}{ending}.parquet"


def prepare(table: Table) -> Path:
    """The table's file, made if it is not there."""
    if not table.path.exists():
        command = [sys.executable, "-m", "bench.data", table.kind, str(table.rows), str(table.changed)]
        subprocess.run(command, check=True, cwd=Path(__file__).parent.parent)
    return table.path


def _make(table: Table) -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        part = Path(folder) / "rows.parquet"
        _copy(select(table, Path(folder)), part)
        with duckdb.connect() as connection:
            ((count,),) = connection.execute("SELECT count(*) FROM read_parquet(?)", [str(part)]).fetchall()
        assert count == table.rows, f"{count} rows instead of {table.rows}"
        part.rename(table.path)


def select(table: Table, folder: Path) -> str:
    if table.changed:
        unchanged = prepare(Table(kind=table.kind, rows=table.rows))
        every = table.rows // table.changed
        return f"SELECT * REPLACE (balance + if(id % {every} = 0, 1, 0) AS balance) FROM '{unchanged}'"
    if table.kind == "bad":
        people = prepare(Table(kind="people", rows=table.rows))
        return (
            f"SELECT * REPLACE (if(id % 10 = 0, id::VARCHAR, repeat('x', 150) || id) AS id) FROM '{people}'"
        )
    if table.kind == "wide":
        return _wide(table.rows)
    if table.kind == "people":
        generated = _generate("customer", table.rows / CUSTOMERS, folder)
        return PEOPLE.format(table=f"'{generated}'", rows=table.rows)
    generated = _generate("orders", table.rows / ORDERS, folder)
    return EVENTS.format(table=f"'{generated}'", rows=table.rows)


def _wide(rows: int) -> str:
    made = (
        f"{WIDE_KINDS[i % len(WIDE_KINDS)].format(i=i)} AS {name}" for i, name in enumerate(WIDE_FIELDS, 1)
    )
    return f"SELECT {', '.join(['id', *made])} FROM (SELECT range + 1 AS id FROM range({rows}))"


def _generate(name: str, scale: float, folder: Path) -> Path:
    """TPC-H's own table with at least that share of the rows of one scale factor."""
    program = Path(sysconfig.get_path("scripts")) / "tpchgen-cli"
    options = ["-s", f"{scale * 1.001 + 0.001:.4f}" if scale != 1 else "1", "-T", name, "-o", str(folder)]
    command = [str(program), "parquet", *options, "--quiet", "--no-progress"]
    subprocess.run(command, check=True)
    return folder / f"{name}.parquet"


def _copy(select: str, path: Path) -> None:
    with duckdb.connect(config={"memory_limit": "1GB", "threads": 1}) as connection:
        connection.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet, COMPRESSION snappy)")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("people", "events", "wide", "bad"))
    parser.add_argument("rows", type=int)
    parser.add_argument("changed", type=int)
    chosen = parser.parse_args()
    _make(Table(kind=chosen.kind, rows=chosen.rows, changed=chosen.changed))


if __name__ == "__main__":
    main()
