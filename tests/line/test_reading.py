"""Reading a source's rows into the SQL engine, and stopping before their end."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import pyarrow as pa

from headcount.model import Model
from headcount.prepare import prepare
from headcount.reading import Watched
from headcount.workbench import Workbench


def test_a_reading_that_is_not_brought_to_its_end_leaves_nothing_in_memory(tmp_path: Path) -> None:
    batch = pa.record_batch({"id": list(range(2_000))})
    reader = pa.RecordBatchReader.from_batches(batch.schema, iter([batch] * 100))
    watched = Watched(
        Model(key="users", name="users", connection="company", table="users"), reader, (), prepare, None
    )
    with Workbench(tmp_path) as bench, watched.feeding(bench, "source_rows"):
        assert bench.run("SELECT id FROM source_rows LIMIT 1") == [(0,)]
    left = weakref.ref(watched)
    del watched, reader
    gc.collect()
    assert left() is None
