"""The making of one plan to be looked at, on a thread of its own."""

from __future__ import annotations

import json
import secrets
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import IO, Any

from headcount.amounts import amount
from headcount.control.models import Sync
from headcount.control.setup import close, setup
from headcount.control.trouble import told
from headcount.disk import unusable
from headcount.errors import HeadcountError, SourceError, StateError
from headcount.latch import latched
from headcount.logs import Event, note
from headcount.service.lines import find_sync, prepare_line
from headcount.service.patience import LOOK, Patience
from headcount.service.planning import PlanReport, plan_into
from headcount.service.time_limit import seconds_allowed

AT_ONCE = 2  # plans in the making; more wait their turn
SECONDS = 3600.0  # for one whose sync has no timeout of its own
FILE, LATCH, CANCEL = (
    "draft.json",
    "latch",
    "cancel",
)  # what is said, who lives and says it, that it should end

NAMING_ROWS = ("rows", "shared", "invalid_keys")  # parts of a report

_turns = threading.BoundedSemaphore(AT_ONCE)


class DraftWork:
    """``run`` makes the plan, and says in the folder's file how far it is. The folder's latch is held until its end.

    Raises ``StateError`` when the folder cannot be made.
    """

    def __init__(self, key: str, *, full: bool) -> None:
        self.id = secrets.token_hex(8)
        self._folder = setup().plans / f"draft-{self.id}"
        self._latch: IO[str] | None = None
        self._said: dict[str, Any] = {
            "sync": key,
            "status": "working",
            "full": full,
            "made_at": datetime.now(UTC).isoformat(),
        }
        try:
            self._begin()
        except HeadcountError:
            self._give_back()
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def _begin(self) -> None:
        try:
            self._folder.mkdir(mode=0o700)
            self._latch = latched(self._folder / LATCH)  # before anybody is told of the plan
        except OSError as error:
            raise unusable(self._folder, error) from error
        self._say()

    def run(self) -> None:
        try:
            with told():
                self._in_turn()
        except HeadcountError as error:
            self._fail(error.message, error.hint)
        except BaseException:
            self._fail("The plan could not be made.", "The server's log says why.")
            raise
        finally:
            self._forget_state()
            self._give_back()
            close()

    def _fail(self, error: str, hint: str) -> None:
        self._forget_state()  # which may be what filled the disk
        try:
            self._say(status="failed", error=error, hint=hint)
        except StateError:  # then the end of the latch tells that it came to nothing
            note(Event.STORE_UNUSABLE, reason=error)

    def _forget_state(self) -> None:
        with suppress(OSError):
            (self._folder / "state.duckdb").unlink()

    def _give_back(self) -> None:
        if self._latch is not None:
            self._latch.close()

    def _in_turn(self) -> None:
        while not self._canceled():
            if _turns.acquire(timeout=LOOK):
                try:
                    self._within(find_sync(self._said["sync"]))
                finally:
                    _turns.release()
                return
        self._say_canceled()

    def _within(self, row: Sync) -> None:
        allowed = seconds_allowed(row) or SECONDS
        with _Reading(allowed, self._canceled, self._say) as patience:
            try:
                self._make(row, patience)
            except SourceError:
                if not patience.over:
                    raise
                if not self._canceled():
                    raise _too_slow(allowed) from None
                self._say_canceled()

    def _make(self, row: Sync, patience: Patience) -> None:
        prepared = prepare_line(row, None)
        with prepared.closing():
            waited_for = replace(prepared, line=patience.around(prepared.line))
            report = plan_into(self._folder, waited_for, full=self._said["full"])
        self._say(status="done", plan=_plain(report), snapshot=prepared.snapshot)

    def _canceled(self) -> bool:
        """By anybody, in any process that has this home."""
        return (self._folder / CANCEL).exists()

    def _say_canceled(self) -> None:
        """Whoever wants it to end says who that is, and why."""
        try:
            wish: dict[str, str] = json.loads((self._folder / CANCEL).read_text())
        except (OSError, ValueError):
            wish = {}
        self._say(status="canceled", **wish)

    def _say(self, **what: Any) -> None:
        """Whole or not at all, for pages read it meanwhile."""
        self._said.update(what)
        part = self._folder / f"{FILE}.part"
        try:
            part.write_text(json.dumps(self._said))
            part.replace(self._folder / FILE)
        except OSError as error:
            raise unusable(self._folder, error) from error


class _Reading(Patience):
    """Says now and then how many rows were read."""

    def __init__(self, seconds: float, unwanted: Callable[[], bool], say: Callable[..., None]) -> None:
        super().__init__(seconds, unwanted)
        self._say = say
        self._heard = 0

    def reading(self, rows: int) -> None:
        super().reading(rows)
        if rows - self._heard >= 50_000:
            self._heard = rows
            self._say(rows_read=rows)


def _too_slow(allowed: float) -> SourceError:
    return SourceError(
        f"The plan was not made within {amount(allowed / 60, 'minute')}, and its query was told to stop.",
        hint="Make the query quicker. If it needs the time, set timeout_minutes of the sync.",
    )


def _plain(report: PlanReport) -> dict[str, Any]:
    """Without what names rows: that is read from the plan itself, under the veil of whoever looks."""
    return {name: value for name, value in asdict(report).items() if name not in NAMING_ROWS}
