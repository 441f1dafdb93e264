"""When a run stops and asks (promise P9)."""

from __future__ import annotations

from headcount.amounts import amount
from headcount.diff import Planned
from headcount.errors import ApprovalNeeded
from headcount.model import Sync
from headcount.state import Catalogue, Identity

_HINT = "Look at the plan; if this is meant, approve the run."


def check_guards(
    sync: Sync, planned: Planned, catalogue: Catalogue, identity: Identity, *, only: bool = False
) -> None:
    """Raise ``ApprovalNeeded`` when a plan would do more than the sync's guards allow.

    ``only``: the plan looked at a single row, so it says nothing about shares.
    """
    if catalogue.identity not in (None, identity) and catalogue.acknowledged:
        raise ApprovalNeeded(_new_generation(sync, catalogue, identity), hint=_HINT)
    if only:
        return
    guards = sync.guards
    if guards.zero_rows and planned.read == 0 and catalogue.source_rows:
        raise ApprovalNeeded(
            f"The source has no rows; the last run read {catalogue.source_rows:,}.",
            hint="Check the query. " + _HINT,
        )
    if catalogue.acknowledged < guards.minimum:
        return
    _check_share("remove", planned.plan.remove, catalogue.acknowledged, guards.max_removed)
    _check_share("overwrite values of", planned.overwrites, catalogue.acknowledged, guards.max_changed)


def _check_share(what: str, count: int, of: int, allowed: float) -> None:
    if count > allowed * of:
        raise ApprovalNeeded(
            f"This run would {what} {count:,} of {amount(of, 'record')} "
            f"({count / of:.0%}; the guard allows {allowed:.0%}).",
            hint=_HINT,
        )


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
