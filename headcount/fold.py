"""Outcomes into state: what was accepted becomes acknowledged, what is in doubt is marked, what was refused is held.

One transaction of the state, with the run's marker among ``folded_runs`` or ``folded_tests`` inside it: a second fold
of the same run does nothing, unless more was answered since and no other run was folded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from headcount.chunks import chunks
from headcount.mapped import Mapped
from headcount.markers import is_folded, remember
from headcount.model import Behavior, Outcome, Plan
from headcount.state import Catalogue, Identity, State, arrange_fields, nothing, set_meta
from headcount.workbench import Workbench, quote_text

CHUNK = 5_000


@dataclass(frozen=True, kw_only=True)
class Fates:
    """What became of a plan's changes, by position in it; ``sums``: how many were accepted, rejected, in doubt.

    ``answered`` are the ranges with receipts, ``doubtful`` those that may have been applied without an answer; both
    inclusive. ``exceptions`` are the changes inside answered ranges that were not accepted, gone through once.
    """

    answered: tuple[tuple[int, int], ...] = ()
    doubtful: tuple[tuple[int, int], ...] = ()
    exceptions: Iterable[tuple[int, Outcome]] = ()
    sums: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, kw_only=True)
class Folding:
    """Everything a fold needs besides the plan. ``seen`` are keys to acknowledge without sending (Events)."""

    run: int
    marker: str  # what tells this run from every other, also from one of the same number in a restored store
    identity: Identity
    plan: Plan
    fates: Fates
    read: int | None  # rows of the source; None when only one of them was looked at
    digests: str | None = None  # SQL that yields keys and digests of rows that are as they were
    released: Sequence[str] = ()
    seen: str | None = None  # SQL that yields the keys
    hold: bool = True  # False when every row was refused for the operator's sake

    @property
    def account(self) -> str:
        """Which run it is, and how far it has come."""
        return " ".join([self.marker, *map(str, self.fates.sums)])


def fold(bench: Workbench, state: State, mapped: Mapped, work: Folding) -> None:
    """Bring the state up to date with one run. Raises ``StateError`` and then changes nothing."""
    with state.writing(bench, lambda catalogue: _touched(catalogue, work)) as catalogue:
        if is_folded(catalogue, work.marker, work.account):
            return
        if catalogue.identity != work.identity:
            catalogue = _new_generation(bench, catalogue, work.identity)
        signatures = mapped.signatures()
        positions = arrange_fields(bench, catalogue, mapped.field_ids, signatures)
        _number_changes(bench, work)
        columns = [f"f{positions[id_]:03d}" for id_ in work.plan.fields]
        catalogue = _refresh_digests(bench, catalogue, work, other_fields=positions != catalogue.positions)
        _acknowledge(bench, catalogue, mapped, work, columns)
        _hold(bench, mapped, work, columns)
        _finish(bench, catalogue, mapped, work)


def fold_keys(bench: Workbench, state: State, work: Folding, *, exact: bool) -> None:
    """The same for a plan of which only keys and operations can be read. Raises ``StateError``, having changed nothing.

    ``exact``: keys are all this state remembers, so nothing is lost. Otherwise what was accepted is in doubt, for with
    which values is not known; removals are what they are. Refused rows are not held: they are planned again.
    """
    with state.writing(bench, lambda catalogue: _touched(catalogue, work)) as catalogue:
        if is_folded(catalogue, work.marker, work.account):
            return
        if catalogue.identity != work.identity:
            catalogue = _new_generation(bench, catalogue, work.identity)
        _number_changes(bench, work)
        _doubt(bench, exact=exact)
        _remove(bench)
        _release_sent(bench)
        remember(bench, catalogue, work.marker, work.account, test=work.read is None)


def _doubt(bench: Workbench, *, exact: bool) -> None:
    """Values stay as they were acknowledged: the next plan sends every field of a key in doubt."""
    doubt = _DOUBT if exact else "true"
    bench.run(
        f"CREATE OR REPLACE TEMP TABLE present AS SELECT key, {doubt} AS doubt FROM changes WHERE {_NOTED}"
    )
    bench.run(
        "UPDATE state.acknowledged SET in_doubt = p.doubt, digest = NULL FROM present p WHERE acknowledged.key = p.key"
    )
    bench.run(
        "INSERT INTO state.acknowledged (key, in_doubt) "
        "SELECT key, doubt FROM present WHERE key NOT IN (SELECT key FROM state.acknowledged)"
    )


def _touched(catalogue: Catalogue, work: Folding) -> str | None:
    """The keys of the plan, and what it notes; all, when all rows are forgotten or get another digest."""
    if not catalogue.acknowledged or is_folded(catalogue, work.marker, work.account):
        return nothing(catalogue)
    if _stale(catalogue, work) or catalogue.identity != work.identity:
        return None
    sent = f"SELECT key FROM read_parquet({quote_text(str(work.plan.path))})"
    noted = [f"SELECT key FROM ({rows})" for rows in (work.digests, work.seen) if rows]
    return " UNION ALL ".join([sent, *noted])


def _new_generation(bench: Workbench, catalogue: Catalogue, identity: Identity) -> Catalogue:
    for table in ("acknowledged", "held"):
        bench.run(f"DELETE FROM state.{table}")
    bench.run("DELETE FROM state.meta WHERE name = 'source_rows'")  # nothing was read for this one yet
    set_meta(bench, "schema", "1")
    set_meta(bench, "identity", identity.text())
    return Catalogue(
        positions=catalogue.positions,
        signatures=catalogue.signatures,
        folded_runs=catalogue.folded_runs,
        folded_tests=catalogue.folded_tests,
    )


def _number_changes(bench: Workbench, work: Folding) -> None:
    """The temp view ``changes``: every change of the plan with its position and its fate, unsent ones left out, and
    those of people who were forgotten since the plan was made: they have no key any more.
    """
    _ranges(bench, "answered", work.fates.answered)
    _ranges(bench, "doubtful", work.fates.doubtful)
    listed = _list_exceptions(bench, work.fates.exceptions)
    file = f"read_parquet({quote_text(str(work.plan.path))}, file_row_number = true)"
    fate = _fate(work, listed)
    joined = "LEFT JOIN exceptions e ON e.seq = p.file_row_number" if listed else ""
    extra = (
        "e.reason, e.field, e.message, coalesce(e.doubt, false) AS doubt"
        if listed
        else "'' AS reason, '' AS field, '' AS message, false AS doubt"
    )
    bench.run(
        f"CREATE OR REPLACE TEMP VIEW changes AS SELECT * FROM "
        f"(SELECT p.*, {fate} AS fate, {extra} FROM {file} p {joined}) WHERE fate IS NOT NULL AND key <> ''"
    )


def _list_exceptions(bench: Workbench, exceptions: Iterable[tuple[int, Outcome]]) -> bool:
    """The temp table ``exceptions``. Are there any?"""
    bench.run(
        "CREATE OR REPLACE TEMP TABLE exceptions "
        "(seq BIGINT, fate VARCHAR, reason VARCHAR, field VARCHAR, message VARCHAR, doubt BOOLEAN)"
    )
    for chunk in chunks(exceptions, CHUNK):
        rows = [(seq, o.fate.value, o.reason, o.field, o.message, o.doubt) for seq, o in chunk]
        bench.run(
            "INSERT INTO exceptions SELECT unnest(?::BIGINT[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), "
            "unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::BOOLEAN[])",
            [list(column) for column in zip(*rows, strict=True)],
        )
    return bool(bench.value("SELECT count(*) > 0 FROM exceptions"))


def _fate(work: Folding, listed: bool) -> str:
    """SQL for a change's fate; NULL when it was never sent."""
    fates = work.fates
    answered, doubtful = _inside("answered", fates.answered), _inside("doubtful", fates.doubtful)
    base = f"CASE WHEN {answered} THEN 'accepted' WHEN {doubtful} THEN 'in doubt' END"
    if not listed:
        return base
    return f"CASE WHEN e.fate = 'unsent' THEN NULL ELSE coalesce(e.fate, {base}) END"


def _inside(table: str, ranges: Sequence[tuple[int, int]]) -> str:
    if not ranges:
        return "false"
    if len(ranges) == 1:
        return f"p.file_row_number BETWEEN {ranges[0][0]} AND {ranges[0][1]}"
    return f"EXISTS (SELECT 1 FROM {table} r WHERE p.file_row_number BETWEEN r.first AND r.last)"


def _ranges(bench: Workbench, name: str, ranges: Sequence[tuple[int, int]]) -> None:
    bench.run(f"CREATE OR REPLACE TEMP TABLE {name} (first BIGINT, last BIGINT)")
    if len(ranges) > 1:
        firsts, lasts = [list(column) for column in zip(*ranges, strict=True)]
        bench.run(f"INSERT INTO {name} SELECT unnest(?::BIGINT[]), unnest(?::BIGINT[])", [firsts, lasts])


def _acknowledge(
    bench: Workbench, catalogue: Catalogue, mapped: Mapped, work: Folding, columns: Sequence[str]
) -> None:
    """Changed rows are taken out and put in again as they are now. That touches them alone, whereas an update in place
    writes whole columns anew.
    """
    stored = () if mapped.sync.behavior is Behavior.APPEND_ONLY else tuple(columns)
    digest = "c.digest::UHUGEINT" if catalogue.digests == work.plan.digests != "" else "NULL::UHUGEINT"
    names = ", ".join(["key", "in_doubt", "digest", *stored])
    rows = _rows(digest, stored, old=bool(catalogue.acknowledged) and _leans_on_old(bench, stored))
    if catalogue.acknowledged:
        bench.run(f"CREATE OR REPLACE TEMP TABLE present AS {rows}")
        bench.run("DELETE FROM state.acknowledged WHERE key IN (SELECT key FROM present)")
        rows = "SELECT * FROM present"
    bench.run(f"INSERT INTO state.acknowledged ({names}) {rows}")
    if catalogue.acknowledged and work.plan.remove:
        _remove(bench)


def _leans_on_old(bench: Workbench, stored: Sequence[str]) -> bool:
    """Is there a change that leaves a field as it is acknowledged? Only then must old values be read."""
    silent = " OR ".join(["fate <> 'accepted'", *(f"f{i:03d} IS NULL" for i in range(len(stored)))])
    return bool(bench.value(f"SELECT count(*) > 0 FROM changes WHERE {_NOTED} AND ({silent})"))


def _rows(digest: str, stored: Sequence[str], *, old: bool) -> str:
    """SQL for the acknowledged rows that the changes leave behind."""
    values = [f"{_value(i, column, old)} AS {column}" for i, column in enumerate(stored)]
    own = [
        "c.key AS key",
        f"{_DOUBT} AS in_doubt",
        f"CASE WHEN fate = 'accepted' THEN {digest} END AS digest",
    ]
    joined = "LEFT JOIN state.acknowledged a ON a.key = c.key" if old else ""
    return f"SELECT {', '.join([*own, *values])} FROM changes c {joined} WHERE {_NOTED}"


def _value(index: int, column: str, old: bool) -> str:
    """A value in doubt is not acknowledged: only accepted changes bring theirs. Once doubt ends, what was not sent with
    the row that ended it is not known any more.
    """
    if not old:
        return f"CASE WHEN fate = 'accepted' THEN c.f{index:03d} END"
    return (
        f"CASE WHEN fate <> 'accepted' THEN a.{column} "
        f"ELSE coalesce(c.f{index:03d}, CASE WHEN NOT a.in_doubt THEN a.{column} END) END"
    )


def _remove(bench: Workbench) -> None:
    bench.run(
        "DELETE FROM state.acknowledged WHERE key IN "
        "(SELECT key FROM changes WHERE op = 'remove' AND fate = 'accepted')"
    )
    bench.run(
        "UPDATE state.acknowledged SET in_doubt = true WHERE key IN "
        f"(SELECT key FROM changes WHERE op = 'remove' AND {_DOUBT})"
    )


def _stale(catalogue: Catalogue, work: Folding) -> bool:
    """Are the stored digests of another recipe than those of today's rows? One row alone is no reason to renew them."""
    return bool(work.plan.digests) and catalogue.digests != work.plan.digests and work.read is not None


def _refresh_digests(
    bench: Workbench, catalogue: Catalogue, work: Folding, *, other_fields: bool
) -> Catalogue:
    """Digests of another recipe go, and rows that are as they were get those they lack. Rows that nobody saw today stay
    without: they are compared value by value when they come back.

    With ``other_fields`` than before the acknowledged rows are others too, also for the mapping that comes next: if no
    digest is renewed now, none is believed any more.
    """
    if other_fields and not _stale(catalogue, work):
        set_meta(bench, "digests", "")
        return replace(catalogue, digests="")
    if _stale(catalogue, work):
        if catalogue.acknowledged:
            bench.run("UPDATE state.acknowledged SET digest = NULL")
        set_meta(bench, "digests", work.plan.digests)
        catalogue = replace(catalogue, digests=work.plan.digests)
    if work.digests and catalogue.acknowledged and catalogue.digests == work.plan.digests:
        bench.run(
            f"UPDATE state.acknowledged SET digest = d.digest::UHUGEINT FROM ({work.digests}) d "
            "WHERE acknowledged.key = d.key"
        )
    return catalogue


_DOUBT = "(fate = 'in doubt' OR doubt)"
_NOTED = f"op <> 'remove' AND (fate = 'accepted' OR {_DOUBT})"  # changes that leave something to remember


def _release_sent(bench: Workbench) -> None:
    bench.run(
        "DELETE FROM state.held WHERE key IN (SELECT key FROM changes WHERE fate IN ('accepted', 'rejected'))"
    )


def _hold(bench: Workbench, mapped: Mapped, work: Folding, columns: Sequence[str]) -> None:
    """What was sent is held no longer, unless it was refused once more. When a run is folded again, somebody may have
    let rows go again since it refused them.
    """
    bench.run(
        "CREATE OR REPLACE TEMP TABLE let_go AS SELECT key FROM state.held "
        f"WHERE released AND run = {work.run} AND key IN (SELECT key FROM changes)"
    )
    _release_sent(bench)
    for start in range(0, len(work.released), CHUNK):
        bench.run(
            "DELETE FROM state.held WHERE key IN (SELECT unnest(?::VARCHAR[]))",
            [list(work.released[start : start + CHUNK])],
        )
    refused = bench.run("SELECT DISTINCT field FROM exceptions WHERE fate = 'rejected' ORDER BY field")
    if not work.hold or not refused:
        return
    words = " ".join(
        f"WHEN {quote_text(f)} THEN {quote_text(mapped.refused_signature(f))}" for (f,) in refused
    )
    names = ", ".join(["key", "op", "run", "reason", "field", "message", "signature", "released", *columns])
    values = ", ".join(
        [
            "key",
            "op",
            str(work.run),
            "reason",
            "field",
            "message",
            f"CASE field {words} END",
            "key IN (SELECT key FROM let_go)",
            *(f"f{i:03d}" for i in range(len(columns))),
        ]
    )
    bench.run(f"INSERT INTO state.held ({names}) SELECT {values} FROM changes WHERE fate = 'rejected'")


def _finish(bench: Workbench, catalogue: Catalogue, mapped: Mapped, work: Folding) -> None:
    if work.seen:
        # A test may have sent one of them since the plan was made: what became of it then is what counts.
        known = "EXISTS (SELECT 1 FROM state.acknowledged a WHERE a.key = s.key)"
        bench.run(
            "INSERT INTO state.acknowledged (key, in_doubt) "
            f"SELECT key, false FROM ({work.seen}) s WHERE NOT {known}"
        )
    remember(bench, catalogue, work.marker, work.account, test=work.read is None)
    if work.read is not None:
        set_meta(bench, "source_rows", str(work.read))
    set_meta(bench, "column_kinds", json.dumps({c.name: c.declared or c.kind.value for c in mapped.columns}))


def release(bench: Workbench, state: State, keys: Sequence[str] | None, but: Iterable[str] = ()) -> int:
    """Let held rows go again: the named ones, or all ``but`` these, which may be many. Returns how many were held."""
    if not state.exists():
        return 0
    with state.writing(bench, nothing):
        bench.run(
            "CREATE OR REPLACE TEMP TABLE wanted AS SELECT unnest(?::VARCHAR[]) AS key", [list(keys or ())]
        )
        bench.run("CREATE OR REPLACE TEMP TABLE spared (key VARCHAR)")
        for chunk in chunks(but, CHUNK):
            bench.run("INSERT INTO spared SELECT unnest(?::VARCHAR[])", [chunk])
        others = "key NOT IN (SELECT key FROM spared)"
        which = f"NOT released AND {others if keys is None else 'key IN (SELECT key FROM wanted)'}"
        count = int(bench.value(f"SELECT count(*) FROM state.held WHERE {which}"))
        bench.run(f"UPDATE state.held SET released = true WHERE {which}")
    return count
