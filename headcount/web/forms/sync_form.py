"""The form of one sync: every input as text, to and from the entry of the project file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from headcount.web.forms.origin import Unreadable, origin, shown
from headcount.web.forms.row import Row, Rows, rows_of, unpacked
from headcount.web.forms.trigger_inputs import NAMES as TRIGGERS
from headcount.web.forms.trigger_inputs import trigger_inputs, triggers_of

_SHOWN = {
    "name", "source", "destination", "behavior", "identifier", "unique_id", "first_run", "event", "mappings",
    "sync_all_columns", "changed_fields_only", "checks", "guards",
    "triggers", "api_log", "timeout_minutes",
}  # fmt: skip
_CHECKBOXES = ("all_columns", "changed_fields_only", "zero_rows", "bodies")

# What was typed and not chosen must not be lost without a word: old events would count as of now.
_NOT_USED = (
    '"Time from" is the time of arrival, so this would not be used. Choose Column there if this is a column, '
    "or empty this input."
)

Wrong = dict[str, list[str]]  # messages by the name of the input; "" for the whole form


@dataclass(frozen=True, kw_only=True)
class SyncForm:
    """What stands in the inputs. ``kept`` is JSON of what the entry says besides; shares of guards are per cent."""

    key: str = ""
    name: str = ""
    model: str = ""
    connection: str = ""
    object: str = ""
    behavior: str = ""
    identifier_from: str = ""
    identifier_to: str = ""
    unique_id: str = ""
    first_run: str = ""
    event_type: str = "event"
    event_name_kind: str = "text"
    event_name: str = ""
    person_from: str = ""
    person_to: str = "id"
    timestamp_kind: str = ""
    timestamp: str = ""
    all_columns: bool = False
    all_names: str = "match_source_names"
    changed_fields_only: bool = False
    warn: str = ""
    max_changed: str = "50"
    max_removed: str = "10"
    minimum: str = "100"
    zero_rows: bool = True
    bodies: bool = False
    timeout_minutes: str = ""
    starts: str = ""
    every_minutes: str = "15"
    at_minute: str = "0"
    at_hour: str = "0"
    on_day: str = "monday"
    cron: str = ""
    timezone: str = "UTC"
    after: str = ""
    after_dbt: str = ""
    kept: str = ""
    rows: Rows = ()

    @staticmethod
    def of_entry(key: str, entry: Mapping[str, Any]) -> SyncForm:
        """The form that shows a stored entry."""
        identifier, everything = entry.get("identifier", {}), entry.get("sync_all_columns")
        rest = {name: value for name, value in entry.items() if name not in _SHOWN}
        return SyncForm(
            key=key,
            name=entry.get("name", key),
            model=entry["source"]["model"],
            **entry["destination"],
            behavior=entry["behavior"],
            identifier_from=identifier.get("from", ""),
            identifier_to=identifier.get("to", ""),
            unique_id=entry.get("unique_id", ""),
            first_run=entry.get("first_run", ""),
            **_event_inputs(entry.get("event")),
            all_columns=everything is not None and everything.get("enabled", True),
            all_names=(everything or {}).get("names", "match_source_names"),
            changed_fields_only=entry.get("changed_fields_only", False),
            warn=" ".join(entry.get("checks", {}).get("warn", [])),
            **_guard_inputs(entry.get("guards", {})),
            bodies=entry.get("api_log", {}).get("bodies", False),
            timeout_minutes=str(entry.get("timeout_minutes", "")).removesuffix(".0"),
            **trigger_inputs(entry.get("triggers") or {}),
            kept=json.dumps(rest) if rest else "",
            rows=tuple(Row.of(mapping) for mapping in entry.get("mappings", [])),
        )

    @staticmethod
    def of_data(data: Mapping[str, str]) -> SyncForm:
        """The form as it was sent."""
        plain = SyncForm()
        texts = {name: data.get(name, getattr(plain, name)).replace("\r\n", "\n") for name in _text_inputs()}
        boxes: dict[str, Any] = {name: name in data for name in _CHECKBOXES}
        return SyncForm(**texts, **boxes, rows=rows_of(data))

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Names and values of all inputs, as a browser would send them."""
        for name in _text_inputs():
            yield name, getattr(self, name)
        for name in _CHECKBOXES:
            if getattr(self, name):
                yield name, "on"
        yield "m-count", str(len(self.rows))
        for number, row in enumerate(self.rows):
            yield from row.pairs(number)

    def with_rows(self, rows: Rows) -> SyncForm:
        return replace(self, rows=rows)

    def read_besides(self, *, stream: bool) -> set[str]:
        """The columns that are read by something else than a row of the mappings."""
        if not stream:
            return {self.identifier_from}
        named = {"event_name": self.event_name_kind, "timestamp": self.timestamp_kind}
        columns = {getattr(self, name) for name, kind in named.items() if kind == "column"}
        return {self.unique_id, self.person_from, *columns}

    @property
    def places(self) -> list[int]:
        """For each mapping of the entry the number of its row: rows that were never filled make none."""
        return [number for number, row in enumerate(self.rows) if not row.blank]

    def entry(self, *, stream: bool) -> tuple[dict[str, Any], Wrong]:
        """The entry that the inputs mean, and what cannot be read. ``stream``: the object is sent once per row."""
        wrong: Wrong = {}
        entry: dict[str, Any] = {
            "name": self.name,
            "source": {"model": self.model},
            "destination": {"connection": self.connection, "object": self.object},
            **({"behavior": self.behavior} if self.behavior else {}),
            **(self._stream_parts(wrong) if stream else self._record_parts(wrong)),
            "mappings": self._mappings(wrong),
            "checks": {"warn": self.warn.split()},
            "guards": self._guards(wrong),
            "api_log": {"bodies": self.bodies},
            "triggers": triggers_of({name: getattr(self, name) for name in TRIGGERS}, wrong),
        }
        if self.timeout_minutes.strip():
            entry["timeout_minutes"] = _number(self.timeout_minutes, "timeout_minutes", wrong)
        if self.all_columns:
            entry["sync_all_columns"] = {"names": self.all_names}
        return {**entry, **unpacked(self.kept)}, wrong

    def _record_parts(self, wrong: Wrong) -> dict[str, Any]:
        if not self.identifier_from:
            wrong["identifier_from"] = ["Choose the column that holds it."]
        identifier = {"from": self.identifier_from, "to": self.identifier_to}
        return {"identifier": identifier, "changed_fields_only": self.changed_fields_only}

    def _stream_parts(self, wrong: Wrong) -> dict[str, Any]:
        if not self.person_from:
            wrong["person_from"] = ["Choose the column that says whose event it is."]
        event: dict[str, Any] = {
            "type": self.event_type,
            "name": _read(self.event_name_kind, self.event_name, "event_name", wrong),
            "person": {"from": self.person_from, "to": self.person_to},
        }
        if self.timestamp_kind:
            event["timestamp"] = _read(self.timestamp_kind, self.timestamp, "timestamp", wrong)
        elif self.timestamp.strip():
            wrong["timestamp"] = [_NOT_USED]
        given = {name: getattr(self, name) for name in ("unique_id", "first_run")}
        return {**{name: value for name, value in given.items() if value}, "event": event}

    def _mappings(self, wrong: Wrong) -> list[dict[str, Any]]:
        mappings = []
        for number in self.places:
            row = self.rows[number]
            try:
                mappings.append(row.mapping())
            except Unreadable as error:
                wrong[f"m-{number}-text"] = [str(error)]
                mappings.append(replace(row, kind="nothing", text="").mapping())
        return mappings

    def _guards(self, wrong: Wrong) -> dict[str, Any]:
        return {
            "max_changed": _share(self.max_changed, "max_changed", wrong),
            "max_removed": _share(self.max_removed, "max_removed", wrong),
            "minimum": _whole(self.minimum, wrong),
            "zero_rows": self.zero_rows,
        }


def _text_inputs() -> list[str]:
    return [
        field.name for field in fields(SyncForm) if field.name != "rows" and field.name not in _CHECKBOXES
    ]


def _event_inputs(event: Mapping[str, Any] | None) -> dict[str, Any]:
    if event is None:
        return {}
    name_kind, name = shown(event["name"])
    kind, timestamp = shown(event["timestamp"]) if "timestamp" in event else ("", "")
    return {
        "event_type": event.get("type", "event"),
        "event_name_kind": name_kind,
        "event_name": name,
        "person_from": event["person"]["from"],
        "person_to": event["person"]["to"],
        "timestamp_kind": kind,
        "timestamp": timestamp,
    }


def _guard_inputs(guards: Mapping[str, Any]) -> dict[str, Any]:
    inputs: dict[str, Any] = {"zero_rows": guards.get("zero_rows", True)}
    for name in ("max_changed", "max_removed"):
        if name in guards:
            inputs[name] = f"{Decimal(repr(guards[name])) * 100:f}".rstrip("0").rstrip(".") or "0"
    if "minimum" in guards:
        inputs["minimum"] = str(guards["minimum"])
    return inputs


def _share(text: str, place: str, wrong: Wrong) -> float:
    """Per cent as a share. What is none is noted in ``wrong``; 0 stands for it, so that nothing else is said of it."""
    number = _decimal(text.strip().removesuffix("%"))
    if number is None or not 0 <= number <= 100:
        wrong[place] = ["Type a number from 0 to 100."]
        return 0.0
    return float(number / 100)


def _number(text: str, place: str, wrong: Wrong) -> float:
    number = _decimal(text)
    if number is None:
        wrong[place] = ["Type a number."]
        return 1.0
    return float(number)


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _whole(text: str, wrong: Wrong) -> int:
    if text.strip().isdecimal() and text.isascii() and len(text) < 19:
        return int(text)
    wrong["minimum"] = ["Type a whole number."]
    return 0


def _read(kind: str, text: str, place: str, wrong: Wrong) -> Any:
    try:
        return origin(kind, text)
    except Unreadable as error:
        wrong[place] = [str(error)]
        return {"constant": None}
