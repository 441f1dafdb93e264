"""Plans made to be looked at: kept for a day, sent by nobody.

A draft is made by a thread of the server, so that no request waits long for a large source. It is a folder beside the
plans of runs; ``draft.json`` in it says how far it is, and whoever makes it holds the folder's latch.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from headcount.control import audit
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.destinations.customerio.objects import destination_object
from headcount.disk import entries, unreadable, unusable
from headcount.errors import ConfigurationError
from headcount.frozen import load
from headcount.latch import is_latched
from headcount.service.draft_work import CANCEL, FILE, LATCH, DraftWork
from headcount.service.lines import find_sync, sync_as_of
from headcount.service.plan_rows import Kept
from headcount.service.veil import Veils

KEPT = timedelta(days=1)
PER_SYNC = 3
QUICK = 3.0  # seconds that a caller waits, for most plans are made by then
NAP = 0.1

_NAME = re.compile(r"draft-([0-9a-f]{16})")


@dataclass(frozen=True, kw_only=True)
class Draft:
    """``status`` is working, done, failed or canceled; ``plan`` has what ``PlanReport`` has, except the
    rows, once it is done. ``canceled_by`` is whose doing it was that it was canceled, as ``audit.told_who`` tells it,
    and ``hint`` says then if that was to make room for another one.
    """

    id: str
    sync: str
    status: str
    full: bool
    made_at: datetime
    rows_read: int = 0
    error: str = ""
    hint: str = ""
    canceled_by: str = ""
    plan: dict[str, Any] | None = None


@told()
def start_draft(key: str, *, full: bool = False, anew: bool = False, wait: float = QUICK) -> Draft:
    """Begin a plan and wait a little for it. One that is in the making already is returned instead, or is ended when
    ``anew`` says that the sync was changed since.

    Raises ``ConfigurationError`` for a sync that does not exist. What goes wrong later is in the draft.
    """
    find_sync(key)
    _sweep(key)
    working = [draft for draft in drafts(key) if draft.status == "working"]
    if working and not anew:
        return working[0]
    for draft in working:
        _end(draft.id, hint=_OUTDATED)
    work = DraftWork(key, full=full)
    audit.record("planned", f"sync {key}", {"full": True} if full else {})
    thread = threading.Thread(target=work.run, name=f"headcount-draft-{work.id}", daemon=True)
    thread.start()
    thread.join(wait)
    return find_draft(key, work.id)


@told()
def cancel_draft(key: str, id_: str, *, wait: float = QUICK) -> Draft:
    """Make no more of a plan: its query is stopped. Waits a little for its end.

    Raises ``ConfigurationError`` for a plan that is not there, or not being made.
    """
    if find_draft(key, id_).status != "working":
        raise ConfigurationError("This plan is not being made any more.")
    _end(id_)
    audit.record("plan canceled", f"sync {key}", audit.means())
    until = time.monotonic() + wait
    while (draft := find_draft(key, id_)).status == "working" and time.monotonic() < until:
        time.sleep(NAP)
    return draft


def _end(id_: str, *, hint: str = "") -> None:
    """Ask whoever makes a plan to stop, and say who wants that; it may be gone by now."""
    folder = setup().plans / f"draft-{id_}"
    part = folder / f"{CANCEL}.{secrets.token_hex(4)}"
    try:
        part.write_text(json.dumps({"canceled_by": audit.who(), "hint": hint}))
        part.replace(folder / CANCEL)
    except FileNotFoundError:
        return
    except OSError as error:
        raise unusable(folder, error) from error


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
        raise _gone()
    return draft


def _gone() -> ConfigurationError:
    return ConfigurationError(
        "There is no such plan any more.",
        hint=f"The newest {PER_SYNC} plans of a sync are kept, and for a day at most. Make a new one.",
    )


@told()
def plan_of_draft(key: str, id_: str) -> Kept:
    """The plan itself. Raises ``ConfigurationError`` while it is not done."""
    draft, row = find_draft(key, id_), find_sync(key)
    folder = setup().plans / f"draft-{draft.id}"
    document = _said(folder)
    if document is None:
        raise _gone()
    sync = sync_as_of(row, document.get("snapshot"))
    frozen = load(folder, sync, destination_object(sync.object)) if draft.status == "done" else None
    if frozen is None:
        raise ConfigurationError(
            "There is no complete plan here.", hint="Wait until it is made, or make a new one."
        )
    veils = Veils(row)
    veil = veils.as_of(document.get("snapshot"))
    return Kept(sync=key, frozen=frozen, veil=veil, old=veils.remembered)


def forget_drafts(key: str) -> None:
    """Delete all plans to look at of a sync: they hold row values."""
    for folder in _folders():
        draft = _read(folder)
        if draft is not None and draft.sync == key:
            shutil.rmtree(folder, ignore_errors=True)


def forget_old_drafts() -> None:
    """Plans hold row values: none is kept longer than it may be looked at."""
    oldest = datetime.now(UTC) - KEPT
    for folder in _folders():
        draft = _read(folder)
        if (draft.made_at if draft is not None else _touched(folder)) < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def _touched(folder: Path) -> datetime:
    """When anything was last put into a folder; long ago if it is not there any more."""
    try:
        return datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    except FileNotFoundError:
        return datetime.min.replace(tzinfo=UTC)
    except OSError as error:
        raise unreadable(folder, error) from error


def _folders() -> list[Path]:
    return [folder for folder in entries(setup().plans) if _NAME.fullmatch(folder.name)]


def _read(folder: Path) -> Draft | None:
    said = _said(folder)
    if said is None:
        return None
    if said["status"] == "working" and not _is_made(folder):
        said = _said(folder) or said  # what was said last, before the latch was given back
    status, words = said["status"], (said.get("error", ""), said.get("hint", ""))
    if status == "working" and not _is_made(folder):
        status, words = "failed", _LOST
    return Draft(
        id=folder.name.removeprefix("draft-"),
        sync=said["sync"],
        status=status,
        full=said["full"],
        made_at=datetime.fromisoformat(said["made_at"]),
        rows_read=said.get("rows_read", 0),
        error=words[0],
        hint=words[1],
        canceled_by=said.get("canceled_by", ""),
        plan=said.get("plan"),
    )


_OUTDATED = "The sync was saved anew, and a newer plan takes its place."
_LOST = ("The server was ended while it made this plan.", "Make a new one.")


def _is_made(folder: Path) -> bool:
    """Is somebody at work on it?"""
    try:
        return is_latched(folder / LATCH)
    except OSError as error:
        raise unreadable(folder / LATCH, error) from error


def _said(folder: Path) -> dict[str, Any] | None:
    try:
        said: dict[str, Any] = json.loads((folder / FILE).read_text())
    except (OSError, ValueError):
        return None
    return said


def _sweep(key: str) -> None:
    """Make room for one more."""
    forget_old_drafts()
    for draft in drafts(key)[PER_SYNC - 1 :]:
        if draft.status != "working":
            shutil.rmtree(setup().plans / f"draft-{draft.id}", ignore_errors=True)
