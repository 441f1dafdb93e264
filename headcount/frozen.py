"""A frozen plan with everything needed to deliver and fold it later, in a folder of its own.

plan.parquet      the changes
invalid.parquet   the rows that are never sent, one line per complaint (when there are any)
digests.parquet   keys and digests of rows that are the same and whose digest the state lacks (when there may be any)
seen.parquet      the keys to record as seen (first run of Events without backfill)
plan.json         the rest; written last, so that a plan without it does not count
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headcount.changes import PLAN_FILE
from headcount.destinations.base import DestinationObject
from headcount.diff import Planned
from headcount.errors import ConfigurationError, HeadcountError
from headcount.mapped import Mapped
from headcount.mapping import compile_sync
from headcount.model import Column, Kind, Plan, Sync
from headcount.state import Catalogue, Identity
from headcount.workbench import own_files

FILE = "plan.json"
LEFT_OUT = ("unchanged", "invalid", "held", "missed")  # the rows that a plan does not send


class UnreadablePlan(ConfigurationError):
    """A plan that another release made, in words or by rules that are not those of this one. Waiting does not help."""


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """The plan of one run, what it was made from and what was counted on the way."""

    mapped: Mapped
    planned: Planned
    identity: Identity
    full: bool
    made_at: datetime
    only: str | None = None  # the one key this plan looked at
    new_generation: bool = False
    acknowledged: int = 0
    type_changes: tuple[tuple[str, str, str], ...] = ()  # column, type at the last run, type now

    @staticmethod
    def of(
        mapped: Mapped,
        planned: Planned,
        catalogue: Catalogue,
        identity: Identity,
        *,
        full: bool,
        only: str | None = None,
    ) -> Frozen:
        return Frozen(
            mapped=mapped,
            planned=planned,
            identity=identity,
            full=full,
            only=only,
            made_at=datetime.now(UTC),
            new_generation=catalogue.identity not in (None, identity),
            acknowledged=catalogue.acknowledged,
            type_changes=_type_changes(mapped, catalogue),
        )

    @property
    def plan(self) -> Plan:
        return self.planned.plan

    @property
    def sends_nothing(self) -> bool:
        """Did it read rows of a known state and find nothing to do? There is nothing for a guard to look at then."""
        return not self.plan.size and self.planned.read > 0 and not self.new_generation

    @property
    def folder(self) -> Path:
        return self.planned.plan.path.parent

    @property
    def seen_path(self) -> Path:
        """The keys to record as seen; there is no such file unless this plan does."""
        return self.folder / "seen.parquet"

    @property
    def digests_path(self) -> Path:
        """Digests of rows that this plan does not send; there need not be such a file."""
        return self.folder / "digests.parquet"

    def save(self, folder: Path) -> None:
        """Write ``plan.json``, whole or not at all."""
        document = {
            "columns": [
                {"name": c.name, "kind": c.kind.value, "declared": c.declared} for c in self.mapped.columns
            ],
            "planned": {k: v for k, v in asdict(self.planned).items() if k not in ("plan", "invalid_path")},
            "counts": {"add": self.plan.add, "change": self.plan.change, "remove": self.plan.remove},
            "digests": self.plan.digests,
            "identity": self.identity.text(),
            "full": self.full,
            "only": self.only,
            "made_at": self.made_at.isoformat(),
            "new_generation": self.new_generation,
            "acknowledged": self.acknowledged,
            "type_changes": self.type_changes,
        }
        temporary = folder / (FILE + ".part")
        with own_files(folder):
            temporary.write_text(json.dumps(document))
            temporary.replace(folder / FILE)


def load(folder: Path, sync: Sync, object_: DestinationObject) -> Frozen | None:
    """The plan frozen in a folder, or None when there is none. ``sync`` must be the one it was made for.

    Raises ``UnreadablePlan``.
    """
    document = _read(folder)
    if document is None:
        return None
    try:
        return _frozen(folder, document, sync, object_)
    except (HeadcountError, KeyError, TypeError, ValueError) as error:
        raise UnreadablePlan(
            "The plan cannot be read: another release of Headcount made it.",
            hint="What was sent by it stands in its run's receipts; the next run makes a plan of its own.",
        ) from error


def _frozen(folder: Path, document: dict[str, Any], sync: Sync, object_: DestinationObject) -> Frozen:
    """Only the document is looked at, so whatever is wrong with it stays wrong."""
    mapped = compile_sync(sync, _columns(document), object_)
    digests = document.get("digests", "")  # a plan of an earlier release has none
    plan = Plan(path=folder / PLAN_FILE, fields=mapped.field_ids, digests=digests, **document["counts"])
    planned = document["planned"]
    for name in ("new_fields", "released"):
        planned[name] = tuple(planned[name])
    for name in ("invalid_reasons", "warnings"):
        planned[name] = tuple(tuple(row) for row in planned[name])
    return Frozen(
        mapped=mapped,
        planned=Planned(plan=plan, invalid_path=folder / "invalid.parquet", **planned),
        identity=Identity.parse(document["identity"]),
        full=document["full"],
        only=document["only"],
        made_at=datetime.fromisoformat(document["made_at"]),
        new_generation=document["new_generation"],
        acknowledged=document["acknowledged"],
        type_changes=tuple(tuple(row) for row in document["type_changes"]),
    )


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """What every release can tell of a plan: whose state it is about, and the file with its keys and operations.

    ``read`` is how many rows there were, with those that it ``left_out`` by the names in ``LEFT_OUT``; None where that
    stands in words of another release.
    """

    identity: Identity
    path: Path
    read: int | None = None
    left_out: dict[str, int] = field(default_factory=dict)


def keyed(folder: Path) -> Keyed | None:
    """The plan in a folder, of whatever sync; None when there is none, or it is damaged."""
    document, path = _read(folder), folder / PLAN_FILE
    try:
        identity = Identity.parse(document["identity"]) if document is not None else None
    except (KeyError, TypeError, ValueError):
        return None
    if document is None or identity is None or not path.exists():
        return None
    try:
        told = {name: int(document["planned"][name]) for name in ("read", *LEFT_OUT)}
    except (KeyError, TypeError, ValueError):
        return Keyed(identity=identity, path=path)
    return Keyed(identity=identity, path=path, read=told.pop("read"), left_out=told)


def columns_in(folder: Path) -> tuple[Column, ...]:
    """The columns the model had when the plan in a folder was made; none when there is no such plan."""
    document = _read(folder)
    return _columns(document) if document else ()


def columns_of(described: bytes) -> tuple[Column, ...]:
    """The same, from what stands in its ``plan.json``."""
    return _columns(json.loads(described))


def _columns(document: dict[str, Any]) -> tuple[Column, ...]:
    return tuple(
        Column(name=c["name"], kind=Kind(c["kind"]), declared=c["declared"]) for c in document["columns"]
    )


def _read(folder: Path) -> dict[str, Any] | None:
    """The plan's description; one that is damaged counts as none, for nothing can be sent by it."""
    try:
        document: dict[str, Any] = json.loads((folder / FILE).read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return document


def _type_changes(mapped: Mapped, catalogue: Catalogue) -> tuple[tuple[str, str, str], ...]:
    before = catalogue.column_kinds or {}
    now = {column.name: column.declared or column.kind.value for column in mapped.columns}
    used = mapped.source_columns
    return tuple((n, before[n], now[n]) for n in used if n in before and before[n] != now[n])
