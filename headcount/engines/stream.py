"""Record batches from a driver, as a reader whose failures are ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from headcount.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 10_240  # a multiple of DuckDB's vectors of 2,048


@contextmanager
def stream(
    schema: pa.Schema,
    batches: Iterator[pa.RecordBatch],
    errors: tuple[type[Exception], ...],
    translate: Callable[[Exception], SourceError],
) -> Iterator[pa.RecordBatchReader]:
    """A reader over ``batches`` that raises ``translate(error)`` for the driver's ``errors``.

    A consumer written in C sees only the words of an exception, so what leaves the ``with`` block after a
    failed read is always the ``SourceError`` itself.
    """
    import pyarrow as pa

    failures: list[SourceError] = []

    def guarded() -> Iterator[pa.RecordBatch]:
        try:
            yield from batches
        except errors as error:
            failures.append(translate(error))
            raise failures[0] from None

    try:
        yield pa.RecordBatchReader.from_batches(schema, guarded())
    except Exception:
        if failures:
            raise failures[0] from None
        raise
