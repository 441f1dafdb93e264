"""The book of one run in the control store: intents before requests, receipts after answers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from headcount.control import book
from headcount.control.exchanges import ExchangeLog, Statement
from headcount.control.models import Intent, Run
from headcount.control.models import Receipt as ReceiptRow
from headcount.control.trouble import told
from headcount.errors import HeadcountError, Suspended
from headcount.limiter import never
from headcount.model import Batch, Fate, Receipt

STOP_CHECK = 0.5  # seconds between two looks at the run row

_INTENT = f"INSERT INTO {Intent._meta.db_table} (run_id, first, last) VALUES (%s, %s, %s)"
_WITHDRAWN = (
    f"DELETE FROM {Intent._meta.db_table} WHERE id ="
    f" (SELECT max(id) FROM {Intent._meta.db_table} WHERE run_id = %s AND first = %s AND last = %s)"
)
_RECEIPT = (
    f"INSERT INTO {ReceiptRow._meta.db_table} (run_id, first, last, accepted, rejected, in_doubt, unsent,"
    " requests, bytes, exceptions) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
_HOLDER = f"SELECT 1 FROM {Run._meta.db_table} WHERE id = %s AND worker = %s"
_CANCEL = f"SELECT cancel_requested FROM {Run._meta.db_table} WHERE id = %s"


class RunLedger:
    """Implements ``headcount.receipts.Ledger`` for one run; a context manager that gives back its connection.

    All threads share one connection behind a lock. Whoever holds the lock commits what the others have
    handed in meanwhile, so several receipts cost one flush to the disk.

    With a ``holder`` nothing is written unless the run is still its own: ``Suspended`` is raised, and whoever has the
    run now keeps its book. ``over`` says that the run's time is up, which stops it like a wish to cancel it.
    """

    def __init__(self, run_id: int, holder: str = "", *, over: Callable[[], bool] = never) -> None:
        self._run_id = run_id
        self._log = ExchangeLog(run_id)
        self._holder = holder
        self._over = over
        self._pending: list[_Entry] = []
        self._handing_in = threading.Lock()
        self._writing = threading.Lock()
        self._connection: BaseDatabaseWrapper | None = None
        self._stop = False
        self._look_again = 0.0

    def __enter__(self) -> RunLedger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def save_intents(self, batches: Sequence[Batch]) -> None:
        self._save((_INTENT, [(self._run_id, batch.first, batch.last) for batch in batches]))

    def withdraw_intents(self, batches: Sequence[Batch]) -> None:
        self._save((_WITHDRAWN, [(self._run_id, batch.first, batch.last) for batch in batches]))

    def save_receipts(self, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            self._log.add(receipt.exchanges)
        rows = [_receipt_row(self._run_id, receipt) for receipt in receipts]
        self._save((_RECEIPT, rows), *self._log.due())

    def receipts(self) -> Iterator[Receipt]:
        with told():
            yield from book.receipts(self._run_id)

    def intents(self) -> Sequence[tuple[int, int]]:
        with told():
            return tuple(book.intents(self._run_id))

    def stop_requested(self) -> bool:
        self._stop = self._stop or self._over()
        if not self._stop and time.monotonic() >= self._look_again:
            with self._writing, told():
                self._stop = self._canceled()
                self._look_again = time.monotonic() + STOP_CHECK
        return self._stop

    def close(self) -> None:
        with suppress(HeadcountError, Suspended):  # the log is nothing that a run may fail for
            self._save(*self._log.due(last=True))
        with self._writing:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _save(self, *statements: Statement) -> None:
        if not any(rows for _, rows in statements):
            return
        entry = _Entry(statements)
        with self._handing_in:
            self._pending.append(entry)
        with self._writing:
            if not entry.done:
                self._commit()
        if entry.error is not None:
            raise entry.error

    def _commit(self) -> None:
        """Enter everything handed in. If that fails it fails for all who wait for it: none of it is
        durable.
        """
        with self._handing_in:
            entries, self._pending = self._pending, []
        try:
            with told(), _transaction(self._opened()) as cursor:
                self._check_holder(cursor)
                for entry in entries:
                    for statement, rows in entry.statements:
                        cursor.executemany(statement, rows)
        except BaseException as error:
            for entry in entries:
                entry.error = error
            if not isinstance(error, Exception):
                raise
        finally:
            for entry in entries:
                entry.done = True

    def _check_holder(self, cursor: Any) -> None:
        if not self._holder:
            return
        shared = " FOR SHARE" if self._opened().vendor == "postgresql" else ""
        cursor.execute(_HOLDER + shared, [self._run_id, self._holder])
        if cursor.fetchone() is None:
            raise Suspended

    def _canceled(self) -> bool:
        with self._opened().cursor() as cursor:
            cursor.execute(_CANCEL, [self._run_id])
            row = cursor.fetchone()
        return row is None or bool(row[0])  # a run that was deleted has nobody to work for

    def _opened(self) -> BaseDatabaseWrapper:
        """The ledger's own connection. Django keeps one per thread and closes none of them when threads
        end.
        """
        if self._connection is None:
            self._connection = connections.create_connection("default")
            self._connection.inc_thread_sharing()
        return self._connection


@dataclass
class _Entry:
    """What one call hands in, and what became of it."""

    statements: tuple[Statement, ...]
    done: bool = False
    error: BaseException | None = None


@contextmanager
def _transaction(connection: BaseDatabaseWrapper) -> Iterator[Any]:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE" if connection.vendor == "sqlite" else "BEGIN")
        try:
            yield cursor
            cursor.execute("COMMIT")
        except BaseException:
            with suppress(Exception):  # a failed commit has rolled back by itself
                cursor.execute("ROLLBACK")
            raise


def _receipt_row(run_id: int, receipt: Receipt) -> tuple[Any, ...]:
    exceptions = [[o.index, o.fate.value, o.reason, o.field, o.message, o.doubt] for o in receipt.exceptions]
    return (
        run_id,
        receipt.first,
        receipt.last,
        receipt.count(Fate.ACCEPTED),
        receipt.count(Fate.REJECTED),
        receipt.count(Fate.IN_DOUBT),
        receipt.count(Fate.UNSENT),
        receipt.requests,
        receipt.bytes,
        json.dumps(exceptions),
    )
