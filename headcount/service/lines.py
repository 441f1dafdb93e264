"""From rows of the control store to a line that can run: the sync as a value, its source, its client, its budget."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from headcount.control.models import Connection, Run
from headcount.control.models import Sync as SyncRow
from headcount.control.setup import setup
from headcount.destinations.customerio.client import READS_PER_SECOND, CustomerIoClient
from headcount.destinations.customerio.objects import destination_object
from headcount.engines import Source, open_source
from headcount.errors import ConfigurationError, HeadcountError
from headcount.home import Home
from headcount.model import RunInfo, Sync
from headcount.project.problems import did_you_mean
from headcount.project.values import model_value, sync_value
from headcount.service.budgets import limiter
from headcount.service.discreet import discreet
from headcount.service.known_columns import acquaint
from headcount.service.noting import WORKSPACE, basis, note
from headcount.service.settings import budget_of, resolved, unquoted
from headcount.service.states import state_here
from headcount.sync import Books, Line, Progress

IRRELEVANT = ("triggers", "paused", "api_log", "timeout_minutes")  # parts of a sync that no plan depends on


class OtherRelease(ConfigurationError):
    """A sync was written down by a release that said it in words this one does not know. Waiting does not help."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """The books of a sync, and where its files are."""

    line: Books
    home: Home
    ends: tuple[Connection, ...]  # the source and the destination


@dataclass(frozen=True, kw_only=True)
class Setup(Prepared):
    """A line, where its files are, and the configuration it was made from."""

    line: Line
    snapshot: dict[str, Any]

    @contextmanager
    def discreetly(self) -> Iterator[None]:
        """Errors from inside name references by their names, and do not say what masked columns hold."""
        with unquoted(*self.ends), discreet(self.line.sync.model):
            yield

    @contextmanager
    def closing(self, *, frank: bool = False) -> Iterator[None]:
        """Give back the connections to the destination, and those of its budgets, at the end. Errors are as
        ``discreetly`` leaves them, or may be more ``frank`` about rows.
        """
        try:
            with unquoted(*self.ends) if frank else self.discreetly():
                yield
        finally:
            for one in (self.line.client, self.line.limiter, self.line.lookups):
                one.close()


def find_sync(key: str) -> SyncRow:
    """The sync under a key. Raises ``ConfigurationError`` with the nearest keys for one that does not exist."""
    setup()
    row = SyncRow.objects.select_related("model__connection", "destination", "stream").filter(key=key).first()
    if row is not None:
        return row
    known = list(SyncRow.objects.values_list("key", flat=True))
    hint = (
        did_you_mean(key, known)
        or "It may have been deleted. New ones are made on the page Syncs, or with headcount apply."
    )
    raise ConfigurationError(f"There is no sync {key}.", hint=hint)


def snapshot_of(row: SyncRow) -> dict[str, Any]:
    """Everything a run's meaning depends on, as JSON. Secrets stand in it as references only."""
    source, destination = row.model.connection, row.destination
    return {
        "sync": {
            "key": row.key,
            "name": row.name,
            "definition": row.definition,
            "stream_id": row.stream.stream_id,
        },
        "model": {"key": row.model.key, "definition": row.model.definition},
        "source": {"key": source.key, "type": source.type, "settings": source.settings},
        "destination": {
            "key": destination.key,
            "settings": destination.settings,
            "environment_id": destination.environment_id,
        },
    }


def fingerprint(snapshot: dict[str, Any]) -> str:
    """A digest of everything that would make a frozen plan wrong; a new name or another schedule does not."""
    sync = {k: v for k, v in snapshot["sync"].items() if k != "name"}
    sync["definition"] = {k: v for k, v in sync["definition"].items() if k not in IRRELEVANT}
    return hashlib.sha256(json.dumps({**snapshot, "sync": sync}, sort_keys=True).encode()).hexdigest()


def sync_as_of(row: SyncRow, snapshot: dict[str, Any] | None = None) -> Sync:
    """The sync as a value: as it is now, or as it was when a run took its snapshot.

    Raises ``OtherRelease`` for a snapshot that cannot be read.
    """
    if not snapshot:
        return _sync_of(snapshot_of(row))
    try:
        return _sync_of(snapshot)
    except (ValidationError, HeadcountError, KeyError) as error:
        raise OtherRelease(
            "How this sync was set up then cannot be read: another release of Headcount wrote it down.",
            hint="What it sent then stands in its receipts; new runs are not affected.",
        ) from error


def _sync_of(then: dict[str, Any]) -> Sync:
    return sync_value(
        then["sync"]["key"],
        {**then["sync"]["definition"], "name": then["sync"].get("name", "")},
        model_value(then["model"]["key"], then["model"]["definition"]),
        stream_id=then["sync"]["stream_id"],
    )


def prepare_books(row: SyncRow, sync: Sync, progress: Progress | None) -> Prepared:
    """What a run is settled with that was planned with ``sync``. No secret is resolved for it: a destination that is
    gone for good must keep nobody from accounting for what it was sent.

    Raises ``StateError`` on a machine without the state.
    """
    home = setup()
    books = Books(
        sync=sync,
        object=destination_object(sync.object),
        state=state_here(home, row),
        scratch=home.root / "scratch",
        can_look_up=_can_look_up(row),
        progress=progress or Progress(),
    )
    return Prepared(line=books, home=home, ends=(row.model.connection, row.destination))


def _can_look_up(row: SyncRow) -> bool:
    return bool(row.destination.settings.get("app_api_key"))


def prepare_line(row: SyncRow, progress: Progress | None, *, yields: bool = False) -> Setup:
    """Open nothing but what a line needs to begin: the source is opened when it is read.

    With ``yields`` it sends and asks when no other line wants to.

    Raises ``ConfigurationError`` for secrets that cannot be resolved and for a destination nobody has reached yet.
    """
    home, sync = setup(), sync_as_of(row)
    client = client_for(row.destination)
    source = row.model.connection
    budget = budget_of(row.destination)
    with unquoted(row.destination):
        workspace = row.destination.environment_id or _meet(row.destination, client)
    line = Line(
        sync=sync,
        object=destination_object(sync.object),
        workspace=workspace,
        open_source=lambda: _open(source),
        before_reading=lambda opened: acquaint(opened, source, sync.model, row.stream),
        client=client,
        limiter=limiter(home, str(workspace), budget.pace, yields=yields),
        state=state_here(home, row),
        scratch=home.root / "scratch",
        budget=budget,
        lookups=limiter(home, f"{workspace}-app", READS_PER_SECOND, yields=yields),
        can_look_up=_can_look_up(row),
        progress=progress or Progress(),
    )
    return Setup(line=line, home=home, snapshot=snapshot_of(row), ends=(source, row.destination))


def _open(connection: Connection) -> Source:
    return open_source(connection.type, resolved(connection))


def client_for(connection: Connection) -> CustomerIoClient:
    """A client with the connection's credentials, resolved now."""
    settings = resolved(connection)
    return CustomerIoClient(
        settings["site_id"],
        settings["api_key"],
        app_api_key=settings.get("app_api_key") or None,
        base_url=settings.get("base_url") or None,
        app_base_url=settings.get("app_base_url") or None,
        region=settings.get("region") or connection.region or None,
        pool_size=max(10, budget_of(connection).senders),
    )


def _meet(connection: Connection, client: CustomerIoClient) -> int:
    """A destination that was not tested yet says now which workspace it is; from then on it must stay that one."""
    asked, workspace = basis(connection), client.workspace()
    connection.environment_id = workspace.environment_id
    connection.region, connection.url = workspace.region, workspace.url
    connection.workspace_name = workspace.name
    note(connection, asked, WORKSPACE)
    return workspace.environment_id


def next_run() -> RunInfo:
    """What the metadata of the next run would be, for previews."""
    last = Run.objects.order_by("-id").values_list("id", flat=True).first() or 0
    return RunInfo(id=last + 1, started_at=datetime.now(UTC))
