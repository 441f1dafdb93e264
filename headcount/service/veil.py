"""What a page may show of one sync: values of masked columns are replaced wherever they appear."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from headcount.control.models import Run
from headcount.control.models import Sync as SyncRow
from headcount.model import Sync
from headcount.names import styled
from headcount.service.lines import sync_as_of
from headcount.service.masking import VEIL, Mask, mask_of, masked_names

_IDENTIFIERS = ("id", "email", "cio_id", "anonymous_id")


@dataclass(frozen=True, kw_only=True)
class Veil:
    """``fields`` are the hidden destination fields; ``over_keys`` says that the records' keys are hidden too. With
    ``mapped``, the fields of today, all others are hidden as well: nobody knows what they were made of.
    """

    fields: frozenset[str] = frozenset()
    over_keys: bool = False
    mapped: frozenset[str] | None = None

    @property
    def hides_anything(self) -> bool:
        return bool(self.fields) or self.over_keys or self.mapped is not None

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
        if self.mapped is not None and not {name, field} & self.mapped and name not in _IDENTIFIERS:
            return True
        return name in self.fields or field in self.fields or (self.over_keys and name in _IDENTIFIERS)


def veil_of(row: SyncRow) -> Veil:
    """The veil over a sync as it is now."""
    mask = mask_of(row)
    return _over(mask, sync_as_of(row)) if mask else Veil()


def veil_of_history(row: SyncRow) -> Veil:
    """The veil over what earlier mappings of a sync left, where no run is known: of fields that are gone nothing is
    shown once anything of the connection is masked.
    """
    now, sync = veil_of(row), sync_as_of(row)
    if sync.all_columns is not None or not masked_names(connection=sync.model.connection):
        return now
    return replace(now, mapped=frozenset(mapping.to for mapping in sync.mappings))


class Veils:
    """The veils over what is kept of one sync's runs: by the mapping and the model of each, and by those of today.

    ``runs`` are the numbers of those that will be asked for, if they are known; all are read at once then.
    """

    def __init__(self, row: SyncRow, runs: Iterable[int] = ()) -> None:
        self._mask = mask_of(row)
        self._row, self._now = row, veil_of(row)
        self._masks: dict[str, Mask] = {}  # by model
        self._veils: dict[int, Veil] = {}
        self._read(runs)

    def of(self, run: int) -> Veil:
        """The veil over one run, by its number."""
        if run not in self._veils:
            self._read([run])
        return self._veils.get(run, self._now)

    def as_of(self, snapshot: dict[str, Any] | None) -> Veil:
        """The veil over what was made of the sync when it was as in a snapshot."""
        if not snapshot:
            return self._now
        then = sync_as_of(self._row, snapshot)
        mask = self._mask_with(then.model.key)
        if not mask:
            return self._now
        old = _over(mask, then)
        return Veil(fields=self._now.fields | old.fields, over_keys=self._now.over_keys or old.over_keys)

    def _mask_with(self, model: str) -> Mask:
        if model not in self._masks:
            self._masks[model] = Mask(columns=self._mask.columns | masked_names(model))
        return self._masks[model]

    def _read(self, runs: Iterable[int]) -> None:
        if wanted := set(runs):
            snapshots = Run.objects.filter(pk__in=wanted).values_list("pk", "sync_snapshot")
            self._veils.update((run, self.as_of(snapshot)) for run, snapshot in snapshots)


def _over(mask: Mask, sync: Sync) -> Veil:
    return Veil(fields=_fields(mask, sync), over_keys=mask.hides_key(sync.key_column))


def _fields(mask: Mask, sync: Sync) -> frozenset[str]:
    hidden = {mapping.to for mapping in sync.mappings if mask.hides(mapping)}
    if sync.all_columns is not None:
        hidden |= {styled(column, sync.all_columns) for column in mask.columns}
    return frozenset(hidden)
