"""The source's rows on their way into the SQL engine, which would wrap every failure in one of its own."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress

import pyarrow as pa

from headcount.errors import HeadcountError, SourceError, Suspended, WorkbenchError
from headcount.model import Model
from headcount.prepare import Prepared
from headcount.workbench import Workbench

Prepare = Callable[[pa.RecordBatchReader, Sequence[Prepared]], pa.RecordBatchReader]


class Watched:
    """A reader that counts its rows, prepares them, and remembers what went wrong on the way."""

    def __init__(
        self,
        model: Model,
        reader: pa.RecordBatchReader,
        steps: Sequence[Prepared],
        prepare: Prepare,
        progress: Callable[[int], None] | None,
    ) -> None:
        self.error: BaseException | None = None
        self._opened: list[Generator[pa.RecordBatch]] = []
        self._model = model
        self._progress = progress
        counted = pa.RecordBatchReader.from_batches(reader.schema, self._counted(reader))
        self._rows = prepare(counted, steps)

    def _counted(self, reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
        rows = 0
        for batch in self._watching(reader):
            rows += batch.num_rows
            if self._progress:
                self._progress(rows)
            yield batch

    def _watching(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        self._opened.append(watched := self._watched(batches))
        return watched

    def _watched(self, batches: Iterator[pa.RecordBatch]) -> Generator[pa.RecordBatch]:
        try:
            yield from batches
        except (Exception, KeyboardInterrupt) as error:
            self.error = self.error or error
            raise

    @contextmanager
    def feeding(self, bench: Workbench, name: str) -> Iterator[None]:
        """The rows as the relation ``name``. What ends the reading leaves as a ``HeadcountError``, without values."""
        rows = pa.RecordBatchReader.from_batches(self._rows.schema, self._watching(self._rows))
        bench.connection.register(name, rows)
        try:
            yield
        except WorkbenchError as error:
            if isinstance(self.error, KeyboardInterrupt):
                raise KeyboardInterrupt from None
            if isinstance(self.error, HeadcountError | Suspended):
                raise self.error from None
            raise self._unreadable(error) from None
        finally:
            bench.connection.unregister(name)
            del rows
            self._let_go()

    def _let_go(self) -> None:
        """A reader that was not read to its end holds what holds it, and no collector sees that."""
        del self._rows
        if isinstance(self.error, KeyboardInterrupt):
            self.error.__traceback__ = None
        for each in self._opened:
            with suppress(ValueError):  # the engine is in it
                each.close()

    def _unreadable(self, error: WorkbenchError) -> SourceError:
        why = type(self.error).__name__ if self.error else error.kind
        return SourceError(
            f"A row of the model {self._model.name} holds something that cannot be mapped ({why}).",
            hint="Convert the column in the model's query, or declare its type.",
        )
