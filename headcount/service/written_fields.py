"""The fields a sync writes, as far as they are known before its source is read."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from headcount.control.models import Run
from headcount.control.setup import setup
from headcount.errors import ConfigurationError
from headcount.model import Column, Sync

LATEST = 5  # runs whose plans are looked for


@dataclass(frozen=True, kw_only=True)
class Written:
    """``complete`` is False for a sync with all columns of which no plan is kept that could tell them."""

    fields: Set[str]
    complete: bool = True

    def shared_with(self, other: Written) -> list[str]:
        return sorted(self.fields & other.fields)


def written_fields(sync: Sync) -> Written:
    """The mapped fields, and with all columns those that its latest plan knew of."""
    mapped = {mapping.to for mapping in sync.mappings}
    if sync.all_columns is None:
        return Written(fields=mapped)
    # Here and not above: few projects need it, and applying should start fast.
    from headcount.mapping import added_mappings

    columns = _latest_columns(sync.key)
    try:
        added = {mapping.to for mapping in added_mappings(sync, columns)}
    except ConfigurationError:  # a run will say so
        added = set()
    return Written(fields=mapped | added, complete=bool(columns))


def _latest_columns(key: str) -> tuple[Column, ...]:
    from headcount.service.plans import columns_in_plan

    home = setup()
    runs = Run.objects.filter(sync__key=key).order_by("-id").values_list("id", flat=True)[:LATEST]
    return next(filter(None, (columns_in_plan(home, run) for run in runs)), ())
