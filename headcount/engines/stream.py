"""Record batches from a driver, as a reader whose failures are ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from headcount.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 10_240  # a multiple of DuckDB's vectors of 2,048


def stopped() -> SourceError:
    """What a source says after ``stop``."""
    return SourceError(
        "The query was stopped before its end.", hint="Make it quicker, or allow it more time."
    )


@contextmanager
def stream(
    schema: pa.Schema,
    batches: Iterator[pa.RecordBatch],
    errors: tuple[type[Exception], ...],
    translate: Callable[[Exception], SourceError],
    release: Callable[[bool], None],
) -> Iterator[pa.RecordBatchReader]:
    """A reader over ``batches`` that raises ``translate(error)`` for the driver's ``errors``.

    A consumer written in C sees only the words of an exception, so what leaves the ``with`` block after a
    failed read is always the ``SourceError`` itself. ``release`` is called once, at the end of the block,
    and told whether all batches were read.
    """
    import pyarrow as pa

    failures: list[SourceError] = []
    finished = False

    def guarded() -> Iterator[pa.RecordBatch]:
        nonlocal finished
        try:
            yield from batches
            finished = True
        except errors as error:
            failures.append(translate(error))
            raise failures[0] from None

    try:
        yield pa.RecordBatchReader.from_batches(schema, guarded())
    except Exception:
        if failures:
            raise failures[0] from None
        raise
    finally:
        release(finished)
