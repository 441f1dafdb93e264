"""What a page may show of one sync: values of masked columns are replaced wherever they appear."""

from __future__ import annotations

from dataclasses import dataclass, replace

from headcount.control.models import Run
from headcount.control.models import Sync as SyncRow
from headcount.mapped import Mapped
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


def veil_of(row: SyncRow, mapped: Mapped | None = None) -> Veil:
    """The veil over a sync as it is now, or (``mapped``) as it was when a plan was made."""
    mask = mask_of(row)
    if not mask:
        return Veil()
    sync = mapped.sync if mapped is not None else sync_as_of(row)
    return Veil(fields=_fields(mask, sync), over_keys=mask.hides_key(sync.key_column))


def veil_of_run(run: Run) -> Veil:
    """The veil over what is kept of one run: by the sync as it is now, and by the mapping and model it had then."""
    now = veil_of(run.sync)
    if not run.sync_snapshot:
        return now
    then = sync_as_of(run.sync, run.sync_snapshot)
    mask = Mask(columns=mask_of(run.sync).columns | masked_names(then.model.key))
    if not mask:
        return now
    over_keys = now.over_keys or mask.hides_key(then.key_column)
    return Veil(fields=now.fields | _fields(mask, then), over_keys=over_keys)


def veil_of_history(row: SyncRow) -> Veil:
    """The veil over what earlier mappings of a sync left, where no run is known: of fields that are gone nothing is
    shown once anything of the connection is masked.
    """
    now, sync = veil_of(row), sync_as_of(row)
    if sync.all_columns is not None or not masked_names(connection=sync.model.connection):
        return now
    return replace(now, mapped=frozenset(mapping.to for mapping in sync.mappings))


class Veils:
    """Over rows of many runs."""

    def __init__(self) -> None:
        self._known: dict[int, Veil] = {}

    def of(self, run: Run) -> Veil:
        if run.pk not in self._known:
            self._known[run.pk] = veil_of_run(run)
        return self._known[run.pk]


def _fields(mask: Mask, sync: Sync) -> frozenset[str]:
    hidden = {mapping.to for mapping in sync.mappings if mask.hides(mapping)}
    if sync.all_columns is not None:
        hidden |= {styled(column, sync.all_columns) for column in mask.columns}
    return frozenset(hidden)
