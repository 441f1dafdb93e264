"""Plans made to be looked at: kept for a day, sent by nobody.

A draft is made by a thread of the server, so that no request waits long for a large source. It is a folder beside the
plans of runs; ``draft.json`` in it says how far it is.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from headcount.control import audit
from headcount.control.setup import close, setup
from headcount.control.trouble import told
from headcount.destinations.customerio.objects import destination_object
from headcount.errors import ConfigurationError, HeadcountError
from headcount.frozen import load
from headcount.service.lines import find_sync, prepare_line, sync_as_of
from headcount.service.plan_rows import Kept
from headcount.service.planning import PlanReport, plan_into
from headcount.service.veil import Veils
from headcount.sync import Progress

KEPT = timedelta(days=1)
PER_SYNC = 3
AT_ONCE = 2  # plans in the making; more wait their turn
QUICK = 3.0  # seconds that a caller waits, for most plans are made by then

_NAME = re.compile(r"draft-([0-9a-f]{16})")
_turns = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """``status`` is working, done or failed; ``plan`` has what ``PlanReport`` has, except the rows, once it is done."""

    id: str
    sync: str
    status: str
    full: bool
    made_at: datetime
    rows_read: int = 0
    error: str = ""
    hint: str = ""
    plan: dict[str, Any] | None = None


@told()
def start_draft(key: str, *, full: bool = False, anew: bool = False, wait: float = QUICK) -> Draft:
    """Begin a plan and wait a little for it. One that is in the making already is returned instead, unless
    ``anew`` says that the sync was changed since.

    Raises ``ConfigurationError`` for a sync that does not exist. What goes wrong later is in the draft.
    """
    find_sync(key)
    _sweep(key)
    working = next((draft for draft in drafts(key) if draft.status == "working"), None)
    if working is not None and not anew:
        return working
    work = _Work(key, full=full)
    audit.record("planned", f"sync {key}", {"full": True} if full else {})
    thread = threading.Thread(target=work.run, name=f"headcount-draft-{work.id}", daemon=True)
    thread.start()
    thread.join(wait)
    return find_draft(key, work.id)


@told()
def drafts(key: str) -> tuple[Draft, ...]:
    """The kept drafts of a sync, newest first."""
    found = [_read(folder) for folder in _folders()]
    mine = [draft for draft in found if draft is not None and draft.sync == key]
    return tuple(sorted(mine, key=lambda draft: draft.made_at, reverse=True))


@told()
def find_draft(key: str, id_: str) -> Draft:
    """Raises ``ConfigurationError`` for a draft that is not there, or not any more."""
    draft = next((draft for draft in drafts(key) if draft.id == id_), None)
    if draft is None:
        raise ConfigurationError(
            "There is no such plan any more.", hint="Plans to look at are kept for a day. Make a new one."
        )
    return draft


@told()
def plan_of_draft(key: str, id_: str) -> Kept:
    """The plan itself. Raises ``ConfigurationError`` while it is not done."""
    draft, row = find_draft(key, id_), find_sync(key)
    folder = setup().plans / f"draft-{draft.id}"
    document = json.loads((folder / "draft.json").read_text())
    sync = sync_as_of(row, document.get("snapshot"))
    frozen = load(folder, sync, destination_object(sync.object)) if draft.status == "done" else None
    if frozen is None:
        raise ConfigurationError(
            "There is no complete plan here.", hint="Wait until it is made, or make a new one."
        )
    return Kept(sync=key, frozen=frozen, veil=Veils(row).as_of(document.get("snapshot")))


def forget_drafts(key: str) -> None:
    """Delete all plans to look at of a sync: they hold row values."""
    for folder in list(_folders()):
        draft = _read(folder)
        if draft is not None and draft.sync == key:
            shutil.rmtree(folder, ignore_errors=True)


def forget_old_drafts() -> None:
    """Plans hold row values: none is kept longer than it may be looked at."""
    oldest = datetime.now(UTC) - KEPT
    for folder in list(_folders()):
        draft = _read(folder)
        if (draft.made_at if draft is not None else _touched(folder)) < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def _touched(folder: Path) -> datetime:
    """When anything was last put into a folder; long ago if it is not there any more."""
    with suppress(FileNotFoundError):
        return datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    return datetime.min.replace(tzinfo=UTC)


class _Work(Progress):
    """The making of one draft, on a thread of its own."""

    def __init__(self, key: str, *, full: bool) -> None:
        self.id = secrets.token_hex(8)
        self._folder = setup().plans / f"draft-{self.id}"
        self._folder.mkdir(mode=0o700)
        self._said: dict[str, Any] = {
            "sync": key,
            "status": "working",
            "full": full,
            "made_at": datetime.now(UTC).isoformat(),
            "pid": os.getpid(),
        }
        self._heard = 0
        self._say()

    def run(self) -> None:
        try:
            with _turns, told():
                self._make()
        except HeadcountError as error:
            self._say(status="failed", error=error.message, hint=error.hint)
        except BaseException:
            self._say(status="failed", error="The plan could not be made.", hint="The server's log says why.")
            raise
        finally:
            (self._folder / "state.duckdb").unlink(missing_ok=True)
            close()

    def _make(self) -> None:
        prepared = prepare_line(find_sync(self._said["sync"]), self)
        with prepared.closing():
            report = plan_into(self._folder, prepared, rows=0, full=self._said["full"])
        self._say(status="done", plan=_plain(report), snapshot=prepared.snapshot)

    def reading(self, rows: int) -> None:
        if rows - self._heard >= 50_000:
            self._heard = rows
            self._say(rows_read=rows)

    def _say(self, **what: Any) -> None:
        """Whole or not at all, for pages read it meanwhile."""
        self._said.update(what)
        part = self._folder / "draft.json.part"
        part.write_text(json.dumps(self._said))
        part.replace(self._folder / "draft.json")


def _plain(report: PlanReport) -> dict[str, Any]:
    return {name: value for name, value in asdict(report).items() if name != "rows"}


def _folders() -> Iterator[Path]:
    yield from (folder for folder in setup().plans.iterdir() if _NAME.fullmatch(folder.name))


def _read(folder: Path) -> Draft | None:
    try:
        said = json.loads((folder / "draft.json").read_text())
    except (OSError, ValueError):
        return None
    lost = said["status"] == "working" and not _alive(said["pid"])
    return Draft(
        id=folder.name.removeprefix("draft-"),
        sync=said["sync"],
        status="failed" if lost else said["status"],
        full=said["full"],
        made_at=datetime.fromisoformat(said["made_at"]),
        rows_read=said.get("rows_read", 0),
        error="The server was ended while it made this plan." if lost else said.get("error", ""),
        hint="Make a new one." if lost else said.get("hint", ""),
        plan=said.get("plan"),
    )


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sweep(key: str) -> None:
    """Make room for one more."""
    forget_old_drafts()
    for draft in drafts(key)[PER_SYNC - 1 :]:
        if draft.status != "working":
            shutil.rmtree(setup().plans / f"draft-{draft.id}", ignore_errors=True)
