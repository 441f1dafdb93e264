"""Bodies of requests and answers as they may be kept: short, and without the values of masked columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson

from headcount.control.models import Sync as SyncRow
from headcount.control.trouble import told
from headcount.delivery.copyist import Copyist, NoCopies
from headcount.service.masking import VEIL
from headcount.service.veil import Veil, Veils

LONGEST = 65_536  # characters of one body
LEFT_OUT = "not kept here"  # how many items, or how many bytes, are missing from a copy
_BATCH = '{"batch":['
_SPOKEN = ("reason", "field")  # of a complaint: words of the destination's own


@told()
def copyist_of(row: SyncRow) -> Copyist:
    """What a run of the sync keeps of its requests: nothing, unless ``api_log`` of its entry asks for bodies.

    To be called once the rows were read, for reading tells what must be veiled.
    """
    wanted = (row.definition.get("api_log") or {}).get("bodies", False)
    return VeiledCopies(Veils(row).now) if wanted else NoCopies()


class VeiledCopies:
    """Implements ``headcount.delivery.copyist.Copyist``. Of a long request the first items are kept, whole."""

    def __init__(self, veil: Veil) -> None:
        self._veil = veil

    def request(self, body: bytes, count: int) -> str:
        try:
            items = list(self._items(body.decode()))
            rest = {LEFT_OUT: count - len(items)} if len(items) < count else {}
            return _written({"batch": items, **rest})
        except (ValueError, RecursionError):  # no JSON of ours, so nothing is known about what is in it
            return _written({LEFT_OUT: len(body)})

    def answer(self, body: bytes) -> str:
        if len(body) > LONGEST:
            return _written({LEFT_OUT: len(body)})
        try:
            return _written(_complaints(_read(body.decode()), self._veil))
        except (ValueError, RecursionError):
            return VEIL if self._veil.hides_anything else body.decode(errors="replace")

    def _items(self, text: str) -> Iterator[Any]:
        """The operations of a batch from its beginning, as many as there is room for."""
        if not text.startswith(_BATCH):
            raise ValueError("not a batch")
        place, room = len(_BATCH), LONGEST
        while place < len(text) and text[place] != "]":
            item, end = _DECODER.raw_decode(text, place)
            room -= end - place
            if room < 0:
                return
            yield values_veiled(item, self._veil)
            place = end + text.startswith(",", end)


def shown(copy: str, veil: Veil, *, answer: bool = False) -> str:
    """A copy for a page, one value in a line, veiled once more: a column may have been masked since."""
    if not copy:
        return ""
    try:
        document = _read(copy)
    except (ValueError, RecursionError):
        return VEIL if veil.hides_anything else copy
    veiled = _complaints(document, veil) if answer else values_veiled(document, veil)
    return orjson.dumps(veiled, option=orjson.OPT_INDENT_2).decode()


def values_veiled(value: Any, veil: Veil) -> Any:
    """JSON with the veil in the place of every value that has the name of a hidden field, wherever it is."""
    if isinstance(value, list):
        return [values_veiled(each, veil) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: VEIL if each is not None and veil.hides(name) else values_veiled(each, veil)
        for name, each in value.items()
    }


def _complaints(value: Any, veil: Veil) -> Any:
    """An answer may quote values: what it says about a hidden field, or about no field in particular, is veiled."""
    if not veil.hides_anything:
        return value
    if isinstance(value, list):
        return [_complaints(each, veil) for each in value]
    if not isinstance(value, dict):
        return VEIL if isinstance(value, str) else value
    field = value.get("field")
    if isinstance(field, str) and field and not veil.hides(field):
        return value
    return {name: each if name in _SPOKEN else _complaints(each, veil) for name, each in value.items()}


def _as_it_is(number: str) -> orjson.Fragment:
    """Digit for digit."""
    return orjson.Fragment(number)


_DECODER = json.JSONDecoder(parse_float=_as_it_is, parse_int=_as_it_is)


def _read(text: str) -> Any:
    return _DECODER.decode(text)


def _written(document: Any) -> str:
    return orjson.dumps(document).decode()
