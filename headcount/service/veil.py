"""What a page may show of one sync: values of masked columns are replaced wherever they appear."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import Any

from headcount.control.models import Run
from headcount.control.models import Sync as SyncRow
from headcount.model import Sync
from headcount.names import bare
from headcount.service.lineage import sources_of, ways_of
from headcount.service.lines import OtherRelease, sync_as_of
from headcount.service.masking import VEIL, Mask, Masks

_IDENTIFIERS = ("id", "email", "cio_id", "anonymous_id")


@dataclass(frozen=True, kw_only=True)
class Veil:
    """``fields`` are the hidden destination fields; ``over_keys`` says that the records' keys are hidden too.

    ``columns`` hide the fields that Sync All Properties makes from columns of these bare names. With ``known`` all
    other fields are hidden as well: nobody can tell what they were made of.
    """

    fields: frozenset[str] = frozenset()
    over_keys: bool = False
    columns: frozenset[str] = frozenset()
    known: frozenset[str] | None = None

    @property
    def hides_anything(self) -> bool:
        return bool(self.fields or self.columns) or self.over_keys or self.known is not None

    def __or__(self, other: Veil) -> Veil:
        """Hides what one of the two hides."""
        both = [veil.known for veil in (self, other) if veil.known is not None]
        return Veil(
            fields=self.fields | other.fields,
            over_keys=self.over_keys or other.over_keys,
            columns=self.columns | other.columns,
            known=frozenset.intersection(*both) if both else None,
        )

    def key(self, key: str) -> str:
        return VEIL if self.over_keys and key else key

    def value(self, field: str, value: str | None) -> str | None:
        """A wire value of a field, or the veil in its place; nothing stays nothing."""
        return VEIL if value is not None and self.hides(field) else value

    def words(self, field: str, text: str) -> str:
        """What was said about a field: it may quote the value."""
        return VEIL if text and self.hides(field) else text

    def quoted(self, field: str, text: str) -> str:
        """What the destination said about a row: where it names no field it may quote any value."""
        return VEIL if text and self.hides_anything and (not field or self.hides(field)) else text

    def hides(self, field: str) -> bool:
        """``field`` as a sync names it, or as an answer does: ``attributes.plan``."""
        name = field.rpartition(".")[2] if field.startswith(("attributes.", "identifiers.")) else field
        if self.known is not None and not {name, field} & self.known:
            return True
        if self.columns and {bare(name), bare(field)} & self.columns:
            return True
        return bool({name, field} & self.fields) or (self.over_keys and name in _IDENTIFIERS)


def veil_over(sync: Sync, mask: Mask) -> Veil:
    """The veil over what a sync makes, with the mask of its model."""
    if not mask:
        return Veil()
    hidden = frozenset(name for m in sync.mappings if mask.hides(m) for name in (m.to, *_slot(m.slot)))
    everything = sync.all_columns is not None
    return Veil(
        fields=hidden,
        over_keys=mask.covers(sync.key_column),
        columns=frozenset(map(bare, mask.names)) if everything else frozenset(),
        known=names_of(sync) if everything and mask.whole else None,
    )


def names_of(sync: Sync) -> frozenset[str]:
    """The fields that a sync's entry names, its identifier among them."""
    named = (name for m in sync.mappings for name in (m.to, *_slot(m.slot)))
    return frozenset((sync.identifier, *named))


def _slot(slot: str) -> tuple[str, ...]:
    """A state calls the parts of an event by their slots."""
    return () if slot == "attributes" else (slot,)


class Veils:
    """The veils over what is kept of one sync's runs: by the mapping and the model of each, and by those of today.

    ``runs`` are the numbers of those that will be asked for, if they are known; all are read at once then.
    """

    def __init__(self, row: SyncRow, runs: Iterable[int] = ()) -> None:
        self._row = row
        self._masks = Masks()
        self._by_model: dict[tuple[str | None, ...], Mask] = {}
        self._veils: dict[int, Veil] = {}
        self._read(runs)

    @cached_property
    def now(self) -> Veil:
        """The veil over what the sync makes as it is now. A key may be one that it knows from before."""
        over_keys = Veil(over_keys=self.remembered.over_keys)
        return self._over(sync_as_of(self._row)) | over_keys

    @cached_property
    def remembered(self) -> Veil:
        """The veil over values that were sent or refused some time, by whichever mapping. Of fields that no known one
        has, nothing is shown once anything is masked.
        """
        if not self._masked_anywhere():
            return Veil()
        ways = list(ways_of(self._row))
        known = [sync for sync in ways if sync is not None]
        veil = reduce(or_, map(self._over, [sync_as_of(self._row), *known]))
        if len(known) < len(ways):
            return veil | Veil(known=frozenset())
        if any(sync.all_columns is not None for sync in known):
            return veil
        return veil | Veil(known=frozenset().union(*map(names_of, known)))

    def of(self, run: int) -> Veil:
        """The veil over one run, by its number."""
        if run not in self._veils:
            self._read([run])
        return self._veils.get(run, self.now)

    def as_of(self, snapshot: dict[str, Any] | None) -> Veil:
        """The veil over what was made of the sync when it was as in a snapshot."""
        if not snapshot or not self._masks:
            return self.now
        try:
            return self.now | self._over(sync_as_of(self._row, snapshot))
        except OtherRelease:
            return self.now | self.remembered

    def _masked_anywhere(self) -> bool:
        """Of what the sync reads now, or ever read? Most often not, and then no way need be looked at."""
        if not self._masks:
            return False
        present = sync_as_of(self._row).model.connection
        return self._masks.over_any({present, *sources_of(self._row)})

    def _over(self, sync: Sync) -> Veil:
        return veil_over(sync, self._mask(sync))

    def _mask(self, sync: Sync) -> Mask:
        model = sync.model
        same = (model.key, model.connection, model.table, model.query)
        if same not in self._by_model:
            self._by_model[same] = self._masks.of(model)
        return self._by_model[same]

    def _read(self, runs: Iterable[int]) -> None:
        if (wanted := set(runs)) and self._masks:
            snapshots = Run.objects.filter(pk__in=wanted).values_list("pk", "sync_snapshot")
            self._veils.update((run, self.as_of(snapshot)) for run, snapshot in snapshots)
