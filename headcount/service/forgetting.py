"""One person erased from everything Headcount keeps: states, plans, receipts, listings.

Of people's syncs it is the record with that key; of events' syncs what was planned for that person, and what is held.
Customer.io and the source are not touched, and neither are backups.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from django.db.models import Q

from headcount.changes import PLAN_FILE
from headcount.chunks import chunks
from headcount.control import audit, held, runs
from headcount.control.models import Exchange, Invalid, Rejected, Run
from headcount.control.models import Receipt as ReceiptRow
from headcount.control.models import Sync as SyncRow
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.destinations.customerio.objects import destination_object
from headcount.errors import HeadcountError, StateError
from headcount.frozen import FILE, columns_in, load
from headcount.home import Home
from headcount.service.drafts import forget_drafts
from headcount.service.keys import canonical
from headcount.service.lines import find_sync, sync_as_of
from headcount.service.locks import hold_still
from headcount.service.masking import VEIL
from headcount.service.mentions import forget_mentions
from headcount.service.moving import delete_left
from headcount.service.plans import drop_plans, keep_rewritten, plan_folder
from headcount.service.settling import settle_failed
from headcount.service.states import state_here
from headcount.state import nothing
from headcount.workbench import Workbench, own_files, quote_text

PERSON = "person."  # how the field ids of an event's person begin
AT_ONCE = 500  # positions in one statement; SQLite limits the values of one
ERASED = ""  # stands for the key in a plan, whose positions must stay as they are; no fold minds such rows


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What was erased of one sync: its record, rows of plans, entries of receipts and of listings, and runs that named
    it in passing.
    """

    sync: str
    acknowledged: bool
    held: bool
    plan_rows: int
    answers: int
    listed: int
    mentions: int

    def __bool__(self) -> bool:
        return bool(self.acknowledged or self.held or self.plan_rows or self.listed or self.mentions)


@told()
def forget(key: str, *, sync: str | None = None) -> tuple[Forgotten, ...]:
    """Erase one person, in all syncs or in one. Returns the syncs in which something was found.

    Raises ``ConfigurationError`` for a sync that is unknown, that runs, or whose last run has not ended: what is on
    its way must be accounted for first; and ``StateError`` for one whose state is a file of another machine, or cannot
    be used now. Then nothing is erased. What failed runs sent is settled before; where that cannot be done, what it is
    done with later names nobody any more.
    """
    home = setup()
    rows = [find_sync(sync)] if sync else list(SyncRow.objects.select_related("stream", "model__connection"))
    with ExitStack() as locks:
        for row in rows:
            hold_still(locks, home, row)
            state_here(home, row)
        for row in rows:
            _settle(row)
        with _leaving_nothing():
            done = tuple(found for row in rows if (found := _forget_in(home, row, key)))
        audit.record("forgot", "one person", {"syncs": [found.sync for found in done]})
    return done


def _settle(row: SyncRow) -> None:
    """A sync that will never run again, because its runs cannot be settled, keeps nobody from being forgotten."""
    try:
        settle_failed(row)
    except StateError:
        raise
    except HeadcountError:
        return


@contextmanager
def _leaving_nothing() -> Iterator[None]:
    """SQLite writes over what is deleted, and keeps no copy of it in its log."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA secure_delete = ON")
        yield
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cursor.execute("PRAGMA secure_delete = OFF")


def _forget_in(home: Home, row: SyncRow, key: str) -> Forgotten:
    own = canonical(sync_as_of(row).identifier, key) if row.object == "person" else None
    unsettled = {run.pk for run in runs.unsettled(row)}
    with Workbench(home.root / "scratch", ordered=True) as bench:
        acknowledged, waited = _forget_state(bench, home, row, key, own)
        erased = [
            (run, _erase(bench, home, run, key, own, unsettled=run.pk in unsettled))
            for run in row.runs.order_by("id")
        ]
    forget_drafts(row.key)
    answers = sum(_silence(run, found.positions) for run, found in erased)
    _drop_bodies(row, key)
    listed = _unlist(row, own, erased, waited)
    return Forgotten(
        sync=row.key,
        acknowledged=acknowledged,
        held=bool(waited),
        plan_rows=sum(len(found.positions) for _, found in erased),
        answers=answers,
        listed=listed,
        mentions=forget_mentions(row, {name for name in (key.strip(), own) if name}),
    )


def _forget_state(
    bench: Workbench, home: Home, row: SyncRow, key: str, own: str | None
) -> tuple[bool, list[str]]:
    """Was the record acknowledged, and which keys were held? Of events only what is held names its person."""
    state = state_here(home, row)
    delete_left(home, row.stream)
    if not state.exists():
        return False, []
    touched = nothing if own is None else lambda _: f"SELECT {quote_text(own)} AS key"
    with state.writing(bench, touched) as catalogue:
        columns = {f"f{position:03d}": id_ for id_, position in (catalogue.positions or {}).items()}
        which = _which(columns, key, own)
        acknowledged = own is not None and bool(_deleted(bench, "acknowledged", which))
        waited = _deleted(bench, "held", which)
    if acknowledged or waited:
        state.rewrite(bench)
    return acknowledged, waited


def _deleted(bench: Workbench, table: str, which: str) -> list[str]:
    return [key for (key,) in bench.run(f"DELETE FROM state.{table} WHERE {which} RETURNING key")]


@dataclass(frozen=True, kw_only=True)
class _Erased:
    """What was erased in the files of one run: ``positions`` in the plan, and in how many complaints the values of rows
    that no key tells apart.
    """

    positions: list[int]
    unspoken: int


def _erase(bench: Workbench, home: Home, run: Run, key: str, own: str | None, *, unsettled: bool) -> _Erased:
    """Blank the person in the files of one run."""
    folder = plan_folder(home, run.pk)
    which = _which_of(bench, run, folder, key, own, unsettled) if folder.exists() else "false"
    if which is None:
        drop_plans(home, [run.pk])
    # Events that are still to be settled stay known by their keys: they must never be sent again.
    keyed = unsettled and own is None
    positions = _blank(bench, folder / PLAN_FILE, which, keyed=keyed) if which is not None else []
    dropped = False
    if own is not None:
        for name in ("invalid.parquet", "digests.parquet", "seen.parquet"):
            dropped |= _drop(bench, folder / name, own)
        dropped |= _unnamed(folder, own)
    unspoken = _unspoken(bench, folder / "invalid.parquet", key)
    if positions or unspoken or dropped:
        keep_rewritten(run.pk, folder)
    return _Erased(positions=positions, unspoken=unspoken)


def _which_of(
    bench: Workbench, run: Run, folder: Path, key: str, own: str | None, unsettled: bool
) -> str | None:
    """SQL for the rows of a frozen plan that are about the person; None when it may go as a whole."""
    fields = _fields(run, folder)
    if fields is not None:
        return _which({f"f{i:03d}": id_ for i, id_ in enumerate(fields)}, key, own)
    needed = unsettled and columns_in(folder) and (folder / PLAN_FILE).exists()
    return _anywhere(bench, folder / PLAN_FILE, key) if needed else None


def _fields(run: Run, folder: Path) -> Sequence[str] | None:
    """The fields of a frozen plan, in the order of its columns; None of files that nobody can tell the meaning of, and
    that nothing can be sent by: of a plan that was never finished, or is damaged.
    """
    if not columns_in(folder):
        return None
    if run.plan_fields or run.sync.object == "person":  # whose key says enough
        return list(run.plan_fields)
    try:
        sync = sync_as_of(run.sync, run.sync_snapshot)
        frozen = load(folder, sync, destination_object(sync.object))
    except HeadcountError:
        return None
    return frozen.plan.fields if frozen is not None else None


def _which(columns: Mapping[str, str], key: str, own: str | None) -> str:
    """SQL for the rows that are about the person, by the ids of the fields that stand in these columns."""
    if own is not None:
        return f"key = {quote_text(own)}"
    named = {column: id_.removeprefix(PERSON) for column, id_ in columns.items() if id_.startswith(PERSON)}
    return " OR ".join(_says(column, to, key) for column, to in named.items()) or "false"


def _anywhere(bench: Workbench, path: Path, key: str) -> str:
    """The same for a plan of events of which nobody can tell any more what stands in which column."""
    columns = [name for name in _columns(bench, path) if re.fullmatch(r"f\d{3}", name)]
    return " OR ".join(_says(column, to, key) for column in columns for to in ("id", "email")) or "false"


def _columns(bench: Workbench, path: Path) -> list[str]:
    return [name for name, *_ in bench.run(f"DESCRIBE FROM read_parquet({quote_text(str(path))})")]


def _says(column: str, identifier: str, key: str) -> str:
    """Does a wire value say this key: as text, or as the number it may be? Addresses are compared as Customer.io does,
    however they are written.
    """
    name = canonical(identifier, key)
    text = json.dumps(name, ensure_ascii=False)
    if identifier == "email":
        return f"lower(trim({column}, ' \"')) = {quote_text(text[1:-1])}"
    return f"{column} IN ({quote_text(text)}, {quote_text(name)})"


def _blank(bench: Workbench, path: Path, which: str, *, keyed: bool) -> list[int]:
    """The rows stay where they are, for receipts name changes by their position; with their keys, if ``keyed``. Returns
    the positions.
    """
    if not path.exists():
        return []
    file = f"read_parquet({quote_text(str(path))}, file_row_number = true)"
    found = [seq for (seq,) in bench.run(f"SELECT file_row_number FROM {file} WHERE {which} ORDER BY 1")]
    if found:
        name = "key" if keyed else f"CASE WHEN {which} THEN {quote_text(ERASED)} ELSE key END"
        kept = {"op": "op", "key": name}
        columns = _columns(bench, path)
        values = [kept.get(c, f"CASE WHEN {which} THEN NULL ELSE {c} END") + f" AS {c}" for c in columns]
        _rewrite(bench, path, f"SELECT {', '.join(values)} FROM read_parquet({quote_text(str(path))})")
    return found


def _drop(bench: Workbench, path: Path, key: str) -> bool:
    """Leave a key out. Was it there?"""
    if not path.exists():
        return False
    file = f"read_parquet({quote_text(str(path))})"
    there = bool(bench.value(f"SELECT count(*) FROM {file} WHERE key = {quote_text(key)}"))
    if there:
        _rewrite(bench, path, f"SELECT * FROM {file} WHERE key <> {quote_text(key)}")
    return there


def _unspoken(bench: Workbench, path: Path, key: str) -> int:
    """Take the values of rows that no key tells apart out where one is this key. Returns of how many complaints."""
    file = f"read_parquet({quote_text(str(path))})"
    if not path.exists() or "about" not in _columns(bench, path):
        return 0
    key = key.strip()
    text = json.dumps(key, ensure_ascii=False)
    words = [text, f":{key},", f":{key}}}"]
    words += [text[1:-1]] if "@" in key else []  # an address may also stand in the middle of a value
    said = " OR ".join(f"contains(lower(about), lower({quote_text(each)}))" for each in words)
    found = int(bench.value(f"SELECT count(*) FROM {file} WHERE {said}"))
    if found:
        about = f"CASE WHEN {said} THEN NULL ELSE about END AS about"
        _rewrite(bench, path, f"SELECT * REPLACE ({about}) FROM {file}")
    return found


def _unnamed(folder: Path, key: str) -> bool:
    """Take a key out of the plan's description: of a run of it alone, or one that let it go. Was it there?"""
    if not (file := folder / FILE).exists():
        return False
    document = json.loads(file.read_text())
    released = document["planned"]["released"]
    if key != document["only"] and key not in released:
        return False
    document["only"] = ERASED if key == document["only"] else document["only"]
    document["planned"]["released"] = [each for each in released if each != key]
    with own_files(folder):
        part = file.with_suffix(".part")
        part.write_text(json.dumps(document))
        part.replace(file)
    return True


def _rewrite(bench: Workbench, path: Path, sql: str) -> None:
    part = path.with_suffix(".part")
    bench.run(
        f"COPY ({sql}) TO {quote_text(str(part))} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 20480)"
    )
    with own_files(path.parent):
        part.replace(path)


def _silence(run: Run, positions: Sequence[int]) -> int:
    """The destination's words about the person may quote them. Returns how many answers lost theirs."""
    if positions:
        Exchange.objects.filter(run=run, troubled=True).delete()
    return sum(_silenced(run, position) for position in positions)


def _drop_bodies(row: SyncRow, key: str) -> None:
    """Of requests and answers that mention the person, or in which a value is veiled: it may be the key."""
    kept = Exchange.objects.filter(run__sync=row).exclude(request="", answer="")
    spoken = json.dumps(key.strip(), ensure_ascii=False)[1:-1]
    named = Q(request__icontains=spoken) | Q(answer__icontains=spoken) | Q(request__contains=VEIL)
    kept.filter(named).update(request="", answer="")


def _silenced(run: Run, position: int) -> bool:
    receipt = ReceiptRow.objects.filter(run=run, first__lte=position, last__gte=position).first()
    spoken = [e for e in receipt.exceptions if receipt.first + e[0] == position] if receipt else []
    for exception in spoken:
        exception[4] = ""
    if receipt and spoken:
        receipt.save(update_fields=["exceptions"])
    return bool(spoken)


def _unlist(
    row: SyncRow, own: str | None, erased: Sequence[tuple[Run, _Erased]], waited: Sequence[str]
) -> int:
    unspoken = sum(found.unspoken for _, found in erased)
    if own is not None:
        gone = held.unlist(row.rejected.filter(key=own))
        examples, _ = Invalid.objects.filter(run__sync=row, key=own).delete()
        return unspoken + gone + examples
    planned = sum(_unlisted(run, found.positions) for run, found in erased)
    # Their plans may be gone.
    return (
        unspoken
        + planned
        + sum(held.unlist(row.rejected.filter(key__in=some)) for some in chunks(waited, AT_ONCE))
    )


def _unlisted(run: Run, positions: list[int]) -> int:
    return sum(
        held.unlist(Rejected.objects.filter(run=run, seq__in=some)) for some in chunks(positions, AT_ONCE)
    )
