"""What saving would send again, as one step of a form counted it: to show the step again takes no second reading."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from headcount.control.trouble import told
from headcount.errors import HeadcountError
from headcount.service.drafting import Reason, Resend, resend_of
from headcount.service.editing import open_sync, version_of
from headcount.service.form_steps import kept_count, note_count
from headcount.service.lines import find_sync
from headcount.service.planning import Forecast
from headcount.service.stored import stored_project

LONG = 5.0  # seconds; what failed after fewer is tried again when the page is loaded again

Entry = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Counted:
    """``trouble`` says why there is no ``resend``. ``again``: it was counted before, at ``at``."""

    resend: Resend | None
    trouble: str
    at: datetime
    again: bool = False


def resend_at(
    person: int, step: str, key: str, entry: Entry, *, count: Callable[[str, Entry], Resend] = resend_of
) -> Counted:
    """``resend_of`` a checked entry, or what it said when ``step`` of this person was shown first, unless the sync or
    its model was another one then, or a run of it has ended since. An empty ``step`` keeps nothing.
    """
    of = f"{version_of(entry)} {open_sync(key).version} {_model(entry)} {_ended(key)}"
    if (kept := _read(kept_count(person, step), of)) is not None:
        return kept
    began = time.monotonic()
    try:
        counted = Counted(resend=count(key, entry), trouble="", at=datetime.now(UTC))
    except HeadcountError as error:
        counted = Counted(resend=None, trouble=str(error), at=datetime.now(UTC))
    if counted.resend is not None or time.monotonic() - began > LONG:
        note_count(person, step, _text(counted, of))
    return counted


def _model(entry: Entry) -> str:
    return version_of(stored_project().models.get(entry["source"]["model"]))


@told()
def _ended(key: str) -> int:
    """The run of a sync that ended last: what was accepted then is what is compared with."""
    newest = find_sync(key).runs.exclude(finished_at=None).order_by("-finished_at")
    return newest.values_list("pk", flat=True).first() or 0


def _text(counted: Counted, of: str) -> str:
    resend = asdict(counted.resend) if counted.resend is not None else None
    at = counted.at.isoformat()
    return json.dumps({"of": of, "at": at, "trouble": counted.trouble, "resend": resend})


def _read(text: str, of: str) -> Counted | None:
    said = json.loads(text) if text else {}
    if said.get("of") != of:
        return None
    at, found = datetime.fromisoformat(said["at"]), said["resend"]
    if found is None:
        return Counted(resend=None, trouble=said["trouble"], at=at, again=True)
    reasons = tuple(Reason(**reason) for reason in found["reasons"])
    resend = Resend(**{**found, "reasons": reasons, "forecast": Forecast(**found["forecast"])})
    return Counted(resend=resend, trouble="", at=at, again=True)
