"""What a page may show of one sync: values of masked columns are replaced wherever they appear."""

from __future__ import annotations

from dataclasses import dataclass

from headcount.control.models import Sync as SyncRow
from headcount.mapped import Mapped
from headcount.model import Sync
from headcount.names import styled
from headcount.service.lines import sync_as_of
from headcount.service.masking import VEIL, Mask, mask_of

_IDENTIFIERS = ("id", "email", "cio_id", "anonymous_id")


@dataclass(frozen=True, kw_only=True)
class Veil:
    """``fields`` are the hidden destination fields; ``over_keys`` says that the records' keys are hidden too."""

    fields: frozenset[str] = frozenset()
    over_keys: bool = False

    @property
    def hides_anything(self) -> bool:
        return bool(self.fields) or self.over_keys

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
        return name in self.fields or field in self.fields or (self.over_keys and name in _IDENTIFIERS)


def veil_of(row: SyncRow, mapped: Mapped | None = None) -> Veil:
    """The veil over a sync as it is now, or (``mapped``) as it was when a plan was made."""
    mask = mask_of(row)
    if not mask:
        return Veil()
    sync = mapped.sync if mapped is not None else sync_as_of(row)
    return Veil(fields=_fields(mask, sync), over_keys=mask.hides_key(sync.key_column))


def _fields(mask: Mask, sync: Sync) -> frozenset[str]:
    hidden = {mapping.to for mapping in sync.mappings if mask.hides(mapping)}
    if sync.all_columns is not None:
        hidden |= {styled(column, sync.all_columns) for column in mask.columns}
    return frozenset(hidden)
