"""The state file: SQLite, one row per record, of which only the changed ones are written."""

import sqlite3
from pathlib import Path
from typing import Any

from headcount.sandbox import records, wire
from headcount.sandbox.account import Account
from headcount.sandbox.workspace import Workspace

SCHEMA = """
CREATE TABLE IF NOT EXISTS workspace (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS record (
    workspace INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (workspace, kind, key)
) WITHOUT ROWID;
"""


class StateFile:
    """Saves what changed since the last save, in one transaction: a kill loses seconds, never halves."""

    def __init__(self, path: Path, account: Account) -> None:
        self._account = account
        path.touch(mode=0o600)
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(SCHEMA)
        self._logged: dict[int, int] = {}  # workspace -> number of the last activity written

    def load(self) -> None:
        """Puts everything back; a new file leaves the account as it is."""
        for number, body in self._database.execute("SELECT id, body FROM workspace ORDER BY id"):
            workspace, track_keys, app_keys = records.open_profile(wire.parse(body.encode()))
            self._account.adopt(workspace)
            for track_key in track_keys:
                self._account.keep_track_key(workspace, track_key)
            for app_key in app_keys:
                self._account.keep_app_key(workspace, app_key)
            self._fill(number, workspace)
            workspace.journal.taken()
        for workspace in self._account.workspaces.values():
            workspace.journal.is_open = True

    def _fill(self, number: int, workspace: Workspace) -> None:
        question = "SELECT kind, key, body FROM record WHERE workspace = ? ORDER BY kind, key"
        for kind, key, body in self._database.execute(question, (number,)):
            record = wire.parse(body.encode())
            records.put(workspace, kind, key, record)
        self._logged[number] = workspace.log.last_number

    def save(self) -> None:
        changed = [each for each in self._account.workspaces.values() if self._has_news(each)]
        if not changed:
            return
        self._database.execute("BEGIN IMMEDIATE")
        for workspace in changed:
            self._save(workspace)
        self._database.execute("COMMIT")
        for workspace in changed:
            workspace.journal.taken()
            workspace.journal.is_open = True

    def _has_news(self, workspace: Workspace) -> bool:
        return not workspace.journal.is_clean or workspace.log.last_number != self._logged.get(
            workspace.profile.id, 0
        )

    def _save(self, workspace: Workspace) -> None:
        number, journal = workspace.profile.id, workspace.journal
        if journal.wiped:
            self._database.execute("DELETE FROM record WHERE workspace = ?", (number,))
            self._logged[number] = 0
        self._put("REPLACE INTO workspace VALUES (?, ?)", [(number, _text(records.profile(workspace)))])
        for kind, keys in journal.changed.items():
            self._save_kind(workspace, kind, list(keys))
        rows = [
            (number, "activity", f"{entry.number:020d}", _text(records.activity(entry)))
            for entry in workspace.log.since(self._logged.get(number, 0))
        ]
        self._put("REPLACE INTO record VALUES (?, ?, ?, ?)", rows)
        self._logged[number] = workspace.log.last_number

    def _save_kind(self, workspace: Workspace, kind: str, keys: list[Any]) -> None:
        number = workspace.profile.id
        found = [(key, records.read(workspace, kind, key)) for key in keys]
        rows = [(number, kind, _sortable(key), _text(record)) for key, record in found if record is not None]
        gone = [(number, kind, _sortable(key)) for key, record in found if record is None]
        self._put("REPLACE INTO record VALUES (?, ?, ?, ?)", rows)
        self._put("DELETE FROM record WHERE workspace = ? AND kind = ? AND key = ?", gone)

    def _put(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        self._database.executemany(statement, rows)

    def close(self) -> None:
        self.save()
        self._database.close()


def _text(record: Any) -> str:
    return wire.dump(record).decode()


def _sortable(key: Any) -> str:
    """Numbers in the order of numbers, so that events come back in theirs."""
    return f"{key:020d}" if isinstance(key, int) else str(key)
