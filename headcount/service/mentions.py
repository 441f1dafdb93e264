"""Where a record may be named in passing: by who asked for a run of it alone, and in a database's complaint, which
alerts and messages repeat.

Words that name it are replaced as a whole, for what stands beside a key is often about the same person.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from django.db.models import Q

from headcount.control.models import Alert, Delivery, Run, Sync

GONE = "What was said here named somebody who was forgotten."


def forget_mentions(sync: Sync, names: Collection[str]) -> int:
    """Take these keys, in capitals or not, out of the runs of a sync. Returns how many runs held one.

    Alerts and messages about a run whose error held one lose their words too; a message that waits is not sent.
    """
    keys = sum(_forget_keys(run, names) for run in sync.runs.exclude(keys=[]))
    runs = list(sync.runs.filter(_says("error", names) | _says("hint", names)).values_list("id", flat=True))
    Run.objects.filter(id__in=runs).update(error=GONE, hint="", warnings=[])
    Alert.objects.filter(run__in=runs).update(words=GONE)
    Delivery.objects.filter(run__in=runs).delete()
    return keys + len(runs)


def _forget_keys(run: Run, names: Collection[str]) -> bool:
    gone = {name.casefold() for name in names}
    kept = [key for key in run.keys if key.casefold() not in gone]
    if len(kept) == len(run.keys):
        return False
    Run.objects.filter(pk=run.pk).update(keys=kept)
    return True


def _says(column: str, names: Collection[str]) -> Q:
    """As a whole: ``7`` is not named by ``17``."""
    found = Q()
    for name in names:
        found |= Q(**{f"{column}__iregex": rf"(^|\W){re.escape(name)}(\W|$)"})
    return found
