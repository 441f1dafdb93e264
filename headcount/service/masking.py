"""What is hidden from people: the values of masked columns, and of every field made from one."""

from __future__ import annotations

from dataclasses import dataclass

from headcount.control.models import MaskedColumn
from headcount.control.models import Sync as SyncRow
from headcount.mapping import Mapped
from headcount.model import FromColumn, Mapping, Template

VEIL = "•••"


@dataclass(frozen=True, kw_only=True)
class Mask:
    """The masked columns of one model."""

    columns: frozenset[str] = frozenset()

    def hides(self, mapping: Mapping) -> bool:
        """Is this field made from a masked column? A template is hidden when it names one anywhere."""
        if isinstance(mapping.source, FromColumn):
            return mapping.source.name in self.columns
        if isinstance(mapping.source, Template):
            return any(column in mapping.source.text for column in self.columns)
        return False

    def fields(self, mapped: Mapped) -> frozenset[str]:
        """The destination fields of a sync whose values are hidden."""
        return frozenset(mapping.to for mapping in mapped.sync.mappings if self.hides(mapping))

    def hides_key(self, key_column: str) -> bool:
        """Are the records' keys themselves hidden?"""
        return key_column in self.columns

    def __bool__(self) -> bool:
        return bool(self.columns)


def mask_of_model(model_id: int) -> Mask:
    """The mask of a model, by the number of its row."""
    names = MaskedColumn.objects.filter(model_id=model_id).values_list("column", flat=True)
    return Mask(columns=frozenset(names))


def mask_of(row: SyncRow) -> Mask:
    """The mask of the model that a sync reads."""
    return mask_of_model(row.model_id)
