"""When a run stops and asks (promise P9)."""

from __future__ import annotations

from collections.abc import Iterator

from headcount.amounts import amount
from headcount.diff import Planned
from headcount.errors import ApprovalNeeded
from headcount.model import Guards, Sync
from headcount.state import Catalogue, Identity

_HINT = "Look at the plan; if this is meant, approve the run."


def check_guards(
    sync: Sync, planned: Planned, catalogue: Catalogue, identity: Identity, *, only: bool = False
) -> None:
    """Raise ``ApprovalNeeded`` when a plan would do more than the sync's guards allow; it names each that does.

    ``only``: the plan looked at a single row, so it says nothing about shares.
    """
    reasons, hint = [], _HINT
    if catalogue.identity not in (None, identity) and catalogue.acknowledged:
        reasons.append(_new_generation(sync, catalogue, identity))
    if not only and sync.guards.zero_rows and planned.read == 0 and catalogue.source_rows:
        reasons.append(f"The source has no rows; the last run read {catalogue.source_rows:,}.")
        hint = "Check the query. " + _HINT
    if not only and catalogue.acknowledged >= sync.guards.minimum:
        reasons.extend(_shares(sync.guards, planned, catalogue.acknowledged))
    if reasons:
        raise ApprovalNeeded(" ".join(reasons), hint=hint)


def _shares(guards: Guards, planned: Planned, of: int) -> Iterator[str]:
    """At most one sentence."""
    shares = (
        ("remove", planned.plan.remove, guards.max_removed),
        ("overwrite values of", planned.overwrites, guards.max_changed),
    )
    over = [
        f"{what} {count:,} of {amount(of, 'record')} ({count / of:.0%}; the guard allows {allowed:.0%})"
        for what, count, allowed in shares
        if count > allowed * of
    ]
    if over:
        yield f"This run would {' and '.join(over)}."


def _new_generation(sync: Sync, catalogue: Catalogue, identity: Identity) -> str:
    assert catalogue.identity is not None
    before = f"{catalogue.identity.identifier} from {catalogue.identity.key_column}"
    after = f"{identity.identifier} from {identity.key_column}"
    if catalogue.identity.environment_id != identity.environment_id:
        before, after = (
            f"workspace {catalogue.identity.environment_id}",
            f"workspace {identity.environment_id}",
        )
    fate = "sent again" if sync.backfill else "recorded as seen and not sent"
    return (
        f"This sync's records were known by {before} and are now known by {after}. "
        f"Nothing acknowledged so far ({amount(catalogue.acknowledged, 'record')}) carries over: "
        f"every row would be {fate}."
    )
