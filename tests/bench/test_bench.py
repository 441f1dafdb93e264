"""The benchmark works, on a few rows; its figures stand in the documentation as they were found."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from bench import data, measures, report, sink
from bench.measure import ChildFailedError, Measured
from bench.measures import Bench, Scale
from bench.sink import Tally

TINY = Scale(people=600, changed=6, events=300, small=100, small_changed=2, many=900, rounds=1)


def make_table(path: Path, kind: str, rows: int) -> None:
    """Rows of the benchmark's shape, made without the generator."""
    customer = (
        f"SELECT i AS c_custkey, 'Customer' || i AS c_name, 'Street ' || i AS c_address, i % 25 AS c_nationkey, "
        f"'25-' || i AS c_phone, (i / 100)::DECIMAL(15, 2) AS c_acctbal, 'BUILDING' AS c_mktsegment, "
        f"'no comment' AS c_comment FROM range(1, {rows} + 1) t(i)"
    )
    order = (
        f"SELECT i AS o_orderkey, i % 50 AS o_custkey, DATE '1996-01-02' AS o_orderdate, 'O' AS o_orderstatus, "
        f"(i / 4)::DECIMAL(15, 2) AS o_totalprice, '1-URGENT' AS o_orderpriority, 'Clerk' AS o_clerk, "
        f"0 AS o_shippriority, 'none' AS o_comment FROM range(1, {rows} + 1) t(i)"
    )
    sql = data.PEOPLE if kind == "people" else data.EVENTS
    table = f"({customer if kind == 'people' else order})"
    duckdb.sql(f"COPY ({sql.format(table=table, rows=rows)}) TO '{path}' (FORMAT parquet)")


@pytest.fixture
def tables(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setattr(data, "FOLDER", folder)
    for kind, rows in (("people", 600), ("people", 100), ("people", 900), ("events", 300)):
        make_table(data.Table(kind=kind, rows=rows).path, kind, rows)
    for rows, changed in ((600, 6), (100, 2)):
        table = data.Table(kind="people", rows=rows, changed=changed)
        duckdb.sql(f"COPY ({data.select(table, folder)}) TO '{table.path}' (FORMAT parquet)")
    return folder


def test_every_measure_sends_exactly_its_rows(tables, tmp_path):
    with sink.running(tmp_path) as far_end:
        bench = Bench(scale=TINY, sink=far_end, folder=tmp_path, say=print, peers=())
        found = [one for measure in measures.MEASURES.values() for one in measure(bench)]
    sent = {(one.measure, one.system): one.tally.rows for one in found}
    assert sent == {
        ("first_load_people_1m", "floor"): 600,
        ("first_load_people_1m", "headcount"): 600,
        ("rerun_unchanged_1m", "headcount"): 0,
        ("one_percent_1m", "headcount"): 6,
        ("first_load_people_1m_pgstate", "headcount"): 600,
        ("rerun_unchanged_1m_pgstate", "headcount"): 0,
        ("one_percent_1m_pgstate", "headcount"): 6,
        ("first_load_events_1_5m", "floor"): 300,
        ("first_load_events_1_5m", "headcount"): 300,
        ("small_5k_2_changed", "headcount"): 2,
        ("first_load_people_10m", "headcount"): 900,
    }
    assert not list(tmp_path.glob("tmp*")), "work folders are removed"


def test_the_peers_send_the_same_rows(tables, tmp_path):
    table = data.Table(kind="people", rows=100).path
    with sink.running(tmp_path) as far_end:
        measures.Headcount(tmp_path / "ours", "people", far_end).run(table)
        ours = far_end.tally()
    for peer in (peer for peer in measures.PEERS if peer.installed):
        with sink.running(tmp_path, tls=peer.tls) as far_end:
            peer.run(table, far_end)
            theirs = far_end.tally()
        assert (peer.name, theirs.rows, theirs.checksum) == (peer.name, ours.rows, ours.checksum)


def test_other_rows_than_the_reference_fail_the_benchmark():
    one, other = measured("headcount", 5, "a"), measured("dlt", 5, "b")
    with pytest.raises(ChildFailedError, match="dlt"):
        measures.same_rows(one, other)


def test_results_have_the_agreed_shape():
    (result,) = report.document([measured("floor", 5, "a")])["results"]
    assert list(result) == [
        "measure", "system", "rows", "rows_sent", "seconds", "rows_per_second", "requests", "bytes", "peak_rss_mb",
    ]  # fmt: skip


def test_the_documentation_shows_the_figures_of_the_last_full_run():
    page = report.PAGE.read_text()
    assert report.BEGIN in page
    assert report.END in page
    if report.RESULTS.exists():
        assert report.with_figures(page, json.loads(report.RESULTS.read_text())) == page


def measured(system: str, rows: int, checksum: str) -> Measured:
    tally = Tally(rows=rows, distinct_keys=rows, checksum=checksum, requests=1, bytes=100, refused_rows=0)
    return Measured(
        measure="first_load_people_1m", system=system, rows=rows, seconds=0.5, peak_rss_mb=50.0, tally=tally
    )
