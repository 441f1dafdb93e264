"""Words of a destination that were written down before a column was masked: they may quote its values.

Only one error repeats such words, ``EveryRowRefused``; what was told of it stands in runs, alerts and messages.
"""

from __future__ import annotations

import json
import re
from typing import Any

from django.db.models import Q

from headcount.control.models import Alert, Delivery, Run, Sync

_SPOKEN = "were all refused for one reason ("
_END = ")."  # followed by the advice, which quotes nothing, or by nothing
_QUOTE = re.compile(rf"(?<={re.escape(_SPOKEN)}).*(?={re.escape(_END)})", re.DOTALL)


def unquoted(text: str, veil: str) -> str:
    """A text, or JSON, with the veil in the place of the quoted words. They may hold anything, also their own end."""
    try:
        document = json.loads(text)
    except ValueError:
        return _QUOTE.sub(veil, text)
    return json.dumps(_unquoted(document, veil), ensure_ascii=False)


def _unquoted(value: Any, veil: str) -> Any:
    if isinstance(value, dict):
        return {name: _unquoted(each, veil) for name, each in value.items()}
    if isinstance(value, list):
        return [_unquoted(each, veil) for each in value]
    return _QUOTE.sub(veil, value) if isinstance(value, str) else value


def withdraw(source: str, veil: str) -> None:
    """Put the veil over quotes in all that is kept of the runs of the syncs that read a connection, by its key, or
    once did.
    """
    once = Q(stream__lineages__made_of__model__definition__connection=source)
    syncs = Sync.objects.filter(Q(model__connection__key=source) | once)
    for rows, name in (
        (Run.objects.filter(sync__in=syncs), "error"),
        (Alert.objects.filter(sync__in=syncs), "words"),
        (Delivery.objects.filter(sync__in=list(syncs.values_list("key", flat=True))), "body"),
    ):
        _rewrite(rows.filter(**{f"{name}__contains": _SPOKEN}), name, veil)


def _rewrite(rows: Any, name: str, veil: str) -> None:
    for number, text in list(rows.values_list("pk", name)):
        rows.model.objects.filter(pk=number).update(**{name: unquoted(text, veil)})
