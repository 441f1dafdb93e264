"""A frozen plan as request bodies: operations put together in SQL, packed by bytes and count."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime

import orjson
import pyarrow as pa

from headcount.destinations.base import Placed, WireField
from headcount.errors import SumsDoNotAddUp
from headcount.mapped import Mapped
from headcount.model import Batch, Budget, Mapping, Metadata, Plan, RunInfo
from headcount.workbench import Workbench, quote_text

# The bytes a request has besides its items: {"batch":[ and ]}, less the last item's comma.
WRAPPER_BYTES = len(b'{"batch":[]}') - 1
ROWS = 10_000  # put together at a time
FIELDS = 400_000  # fewer rows where they have many fields


def batches(
    bench: Workbench,
    mapped: Mapped,
    plan: Plan,
    run: RunInfo,
    budget: Budget,
    ranges: Sequence[tuple[int, int]] | None = None,
) -> Iterator[Batch]:
    """The plan's changes in its order, as batches that keep to the budget's ``max_bytes`` and ``max_items``.

    ``ranges`` (inclusive) limits it to the parts still to be sent. ``bench`` must keep the order of rows
    (``ordered``) and is in use until the last batch was taken.
    """
    for first, last in ranges if ranges is not None else [(0, plan.size - 1)]:
        if last >= first:
            items = _items(bench, _payload_sql(mapped, plan, run, first, last), _at_once(len(plan.fields)))
            yield from _packed(items, first, budget)


def _payload_sql(mapped: Mapped, plan: Plan, run: RunInfo, first: int, last: int) -> str:
    file = f"read_parquet({quote_text(str(plan.path))}, file_row_number = true)"
    item = f"{payload(mapped, plan, run)} || ',' AS item"
    return f"SELECT {item} FROM {file} WHERE file_row_number BETWEEN {first} AND {last}"


def payload(mapped: Mapped, plan: Plan, run: RunInfo) -> str:
    """SQL over a plan's row for the JSON operation it becomes."""
    fields = [
        Placed(field=_wire_field(mapped, mapping), sql=f"f{i:03d}") for i, mapping in enumerate(mapped.fields)
    ]
    fields += [
        Placed(
            field=WireField(slot=mapping.slot, to=mapping.to), sql=quote_text(_metadata(mapping, mapped, run))
        )
        for mapping in mapped.metadata
    ]
    operation = mapped.object.operation(mapped.sync, "key", fields)
    if not plan.remove:
        return f"({operation})"
    return f"(CASE WHEN op = 'remove' THEN {mapped.object.removal(mapped.sync, 'key')} ELSE {operation} END)"


def _wire_field(mapped: Mapped, mapping: Mapping) -> WireField:
    nullable = mapped.silent(mapping) or (mapped.sync.changed_fields_only and mapping.slot == "attributes")
    return WireField(slot=mapping.slot, to=mapping.to, nullable=nullable)


def _metadata(mapping: Mapping, mapped: Mapped, run: RunInfo) -> str:
    assert isinstance(mapping.source, Metadata)
    values = {
        "run_id": run.id,
        "run_started_at": _unix_seconds(run.started_at),
        "sync_name": mapped.sync.name,
    }
    return orjson.dumps(values[mapping.source.name]).decode()


def _unix_seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _at_once(fields: int) -> int:
    return min(ROWS, FIELDS // max(fields, 1))


def _items(bench: Workbench, sql: str, rows: int) -> Iterator[tuple[memoryview, memoryview]]:
    """Runs of items: their concatenated bytes, and the positions where each begins (and the last one ends)."""
    for record_batch in bench.stream(sql, rows):
        column = record_batch.column(0)
        if column.null_count:  # would be counted as sent, and is not there
            raise SumsDoNotAddUp("A planned change has no payload.", hint="Please report this.")
        if len(column):
            yield _buffers(column)


def _buffers(column: pa.Array) -> tuple[memoryview, memoryview]:
    _, offsets, data = column.buffers()
    view = memoryview(offsets)
    integers = view.cast("q") if pa.types.is_large_string(column.type) else view.cast("i")
    positions = integers[column.offset : column.offset + len(column) + 1]
    return memoryview(data), positions


def _packed(items: Iterator[tuple[memoryview, memoryview]], first: int, budget: Budget) -> Iterator[Batch]:
    """Fill each request as far as it goes; what is left of one run of items begins the next request."""
    rest, rest_offsets = b"", [0]
    room = budget.max_bytes - WRAPPER_BYTES
    for data, positions in items:
        base = positions[0] - len(rest)
        joined = rest + bytes(data[positions[0] : positions[-1]])
        offsets = [*rest_offsets[:-1], *(position - base for position in positions)]
        start, end = 0, len(offsets) - 1
        while start < end:
            stop = _fill(offsets, start, room, budget.max_items)
            if stop == end:
                break  # this request may not be full yet
            yield _batch(joined, offsets, start, stop, first)
            first, start = first + stop - start, stop
        rest = joined[offsets[start] :]
        rest_offsets = [position - offsets[start] for position in offsets[start:]]
    if len(rest_offsets) > 1:
        yield from _last(rest, rest_offsets, first, room, budget.max_items)


def _last(rest: bytes, offsets: list[int], first: int, room: int, max_items: int) -> Iterator[Batch]:
    start, end = 0, len(offsets) - 1
    while start < end:
        stop = _fill(offsets, start, room, max_items)
        yield _batch(rest, offsets, start, stop, first)
        first, start = first + stop - start, stop


def _fill(offsets: Sequence[int], start: int, room: int, max_items: int) -> int:
    """The end of the longest run of items from ``start`` that fits; at least one, whatever its size."""
    limit = min(len(offsets) - 1, start + max_items) if max_items else len(offsets) - 1
    stop = bisect_right(offsets, offsets[start] + room, start, limit + 1) - 1
    return max(stop, start + 1)


def _batch(joined: bytes, offsets: Sequence[int], start: int, stop: int, first: int) -> Batch:
    base = offsets[start]
    return Batch(
        first=first,
        items=joined[base : offsets[stop]],
        offsets=tuple(position - base for position in offsets[start : stop + 1]),
    )
