"""Attributes that a sync wrote and does not write any more: they stay in Customer.io until somebody unsets them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headcount.control.models import Sync
from headcount.project.project import Project

UNSETTING = "{from: {constant: null}, to: %s}"


def left_behind(before: Project, after: Project) -> Iterator[str]:
    """A sentence for every sync of people that has sent something and loses mappings: which stay, and the way out."""
    sent = set(Sync.objects.filter(object="person", acknowledged__gt=0).values_list("key", flat=True))
    for key in sorted(sent & before.syncs.keys() & after.syncs.keys()):
        still = {item["to"] for item in after.syncs[key].get("mappings", [])}
        if gone := [name for name in _written(before.syncs[key]) if name not in still]:
            yield (
                f"The sync {key} does not write {', '.join(gone)} any more; what it wrote stays in Customer.io. "
                f"To remove it there, map it for one run to nothing: {UNSETTING % gone[0]}"
            )


def _written(entry: Mapping[str, Any]) -> list[str]:
    """The fields that get values; one that is mapped to nothing was removed already."""
    return [item["to"] for item in entry.get("mappings", []) if item["from"] != {"constant": None}]
