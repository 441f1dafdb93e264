"""Many rows at a time between the workbench and PostgreSQL, as Arrow through its binary COPY, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as driver
import pyarrow as pa

from headcount.errors import WorkbenchError
from headcount.interrupts import telling_interrupts
from headcount.postgresql.session import MADE, SCHEMA, address, connect
from headcount.workbench import Workbench

BATCH_BYTES = "2000000"
ROWS = 20_000  # that leave the workbench at a time


class Bulk:
    """One transaction. Raises the drivers' errors; see ``trouble.told``."""

    def __init__(self, connection: driver.Connection) -> None:
        self._connection = connection

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """One statement and all its rows."""
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def rows(self, bench: Workbench, sql: str) -> Iterator[str]:
        """The rows of a query as a relation of the workbench, to be read once. Yields its name."""
        with self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": BATCH_BYTES})
            cursor.execute(sql)
            reader = cursor.fetch_record_batch()
            broken: list[adbc_driver_manager.Error] = []
            bench.connection.register("incoming", _watched(reader, broken))
            try:
                yield "incoming"
            except WorkbenchError as error:
                raise (broken[0] if broken else error) from None
            finally:
                bench.connection.unregister("incoming")
                with suppress(adbc_driver_manager.Error):
                    reader.close()

    def put(self, bench: Workbench, sql: str, table: str, *, temporary: bool = False) -> int:
        """Append the rows of the workbench's query to a table, a new one if it is temporary. Returns how many."""
        with telling_interrupts(), self._connection.cursor() as cursor:
            reader = bench.connection.sql(sql).to_arrow_reader(ROWS)
            if temporary:
                return int(cursor.adbc_ingest(table, reader, mode="create", temporary=True))
            return int(cursor.adbc_ingest(table, reader, mode="append", db_schema_name=SCHEMA))

    def commit(self) -> None:
        self._connection.commit()


def _watched(reader: pa.RecordBatchReader, broken: list[adbc_driver_manager.Error]) -> pa.RecordBatchReader:
    """The reader, that notes what it ends with: the workbench would only know that something did."""

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            yield from reader
        except adbc_driver_manager.Error as error:
            broken.append(error)
            raise

    return pa.RecordBatchReader.from_batches(reader.schema, batches())


@contextmanager
def transaction(url: str) -> Iterator[Bulk]:
    """A transaction on a connection of its own; what is not committed is rolled back."""
    connection = driver.connect(address(url))
    try:
        bulk = Bulk(connection)
        if not bulk.run(MADE)[0][0]:
            connect(url).close()  # makes the tables
        connection.rollback()
        yield bulk
    finally:
        with suppress(adbc_driver_manager.Error):
            connection.rollback()
        connection.close()
