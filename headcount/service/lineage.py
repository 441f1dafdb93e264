"""What the values that a sync sent were ever made of, whatever became of its runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from django.db.models.fields.json import KT

from headcount.control.models import Lineage
from headcount.control.models import Sync as SyncRow
from headcount.model import Sync
from headcount.service.lines import IRRELEVANT, OtherRelease, sync_as_of


def note(row: SyncRow, snapshot: dict[str, Any]) -> None:
    """From now on what the sync sends may have been made in the way of this snapshot."""
    way = _way(snapshot)
    digest = hashlib.sha256(json.dumps(way, sort_keys=True).encode()).hexdigest()
    Lineage.objects.get_or_create(stream=row.stream, digest=digest, defaults={"made_of": way})


def ways_of(row: SyncRow) -> Iterator[Sync | None]:
    """Each way in which a value that is remembered may have been made; None for one that is not known."""
    for way in Lineage.objects.filter(stream=row.stream).order_by("pk").values_list("made_of", flat=True):
        try:
            yield sync_as_of(row, way) if way else None
        except OtherRelease:
            yield None


def sources_of(row: SyncRow) -> set[str]:
    """The connections that values were read from in these ways, by their keys, as far as that is known."""
    ways = Lineage.objects.filter(stream=row.stream)
    keys = ways.annotate(source=KT("made_of__model__definition__connection")).values_list("source", flat=True)
    return {key for key in keys.distinct() if key}


def _way(snapshot: dict[str, Any]) -> dict[str, Any]:
    """The part of a snapshot that values are made by."""
    sync = {name: value for name, value in snapshot["sync"].items() if name != "name"}
    definition = {name: value for name, value in sync["definition"].items() if name not in IRRELEVANT}
    return {"sync": {**sync, "definition": definition}, "model": snapshot["model"]}
