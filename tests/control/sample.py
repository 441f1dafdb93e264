"""Rows that tests of the control store start from."""

from __future__ import annotations

from pathlib import Path

from headcount.control.models import Connection, Model, Run, Stream, Sync
from headcount.model import Batch


def make_run(key: str = "users") -> Run:
    """A run of a sync, with everything it hangs on."""
    source = Connection.objects.create(key=f"{key}-source", name="Source", type="duckdb")
    target = Connection.objects.create(key=f"{key}-target", name="Target", type="customerio")
    model = Model.objects.create(key=key, name=key, connection=source, definition={"table": "t"})
    sync = Sync.objects.create(
        key=key,
        name=key,
        model=model,
        destination=target,
        object="person",
        stream=Stream.objects.create(key=key),
    )
    return Run.objects.create(sync=sync)


def batch(first: int, count: int) -> Batch:
    return Batch(first=first, items=b"", offsets=tuple(range(count + 1)))


def every_byte(folder: Path) -> bytes:
    """Everything that stands in the files below a folder."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
