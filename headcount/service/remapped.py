"""Which fields are made in another way than before: by an edit, or by one that is saved and was not sent yet."""

from __future__ import annotations

from contextlib import suppress

from headcount.control.models import Run
from headcount.control.models import Sync as SyncRow
from headcount.destinations.customerio.objects import destination_object
from headcount.errors import HeadcountError
from headcount.frozen import Frozen
from headcount.mapped import field_id
from headcount.mapping import added_mappings, spoken
from headcount.model import RunKind, RunStatus, Sync
from headcount.service.lines import OtherRelease, sync_as_of

BY_EDIT = IS_NEW, DIFFERENT = "is new", "is mapped differently"
SAVED = "was mapped anew since the last run"


def altered_by(frozen: Frozen, stored: SyncRow) -> dict[str, str]:
    """Field ids whose values the edit of a stored sync changes, and how: one of ``BY_EDIT``."""
    sync = sync_as_of(stored)
    before = _fields(sync, frozen)
    other_model = frozen.mapped.sync.model.key != sync.model.key
    altered = {}
    for id_, made in _fields(frozen.mapped.sync, frozen).items():
        if id_ not in before:
            altered[id_] = IS_NEW
        elif other_model or before[id_] != made:
            altered[id_] = DIFFERENT
    return altered


def saved_since(frozen: Frozen, stored: SyncRow) -> dict[str, str]:
    """Field ids whose values were made in another way when the last run completed; each is ``SAVED``."""
    last = Run.objects.filter(sync=stored.pk, status=RunStatus.COMPLETED.value, kind=RunKind.RUN.value)
    run = last.exclude(sync_snapshot={}).order_by("-id").first()
    try:
        sync = sync_as_of(stored, run.sync_snapshot) if run is not None else None
    except OtherRelease:
        sync = None
    if sync is None:  # then at least the fields are known that were never sent
        new = frozen.planned.new_fields
        return {field_id(mapping): SAVED for mapping in frozen.mapped.fields if mapping.to in new}
    before = _fields(sync, frozen)
    other_model = frozen.mapped.sync.model.key != sync.model.key
    made = _fields(frozen.mapped.sync, frozen)
    return {id_: SAVED for id_, how in made.items() if other_model or before.get(id_) != how}


def _fields(sync: Sync, frozen: Frozen) -> dict[str, tuple[object, ...]]:
    """How the value of each field is made, also of those that all columns add; by field id. A sync need not fit the
    columns of today: one that it maps may be gone, and the edit may be about that.
    """
    object_, mappings = destination_object(sync.object), list(sync.mappings)
    with suppress(HeadcountError):  # two columns would become one field, so none is added
        mappings += added_mappings(sync, frozen.mapped.columns)
    return {field_id(m): (m.source, m.type, spoken(m, object_).null) for m in mappings}
