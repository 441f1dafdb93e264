"""The columns that tables of PostgreSQL were seen to have.

A name behind a table's is plain only if the table has such a column; else it may be a function that shows the whole
row. So before rows of a connection with masked columns are read, its tables that are named so are looked at, and what
was seen is remembered: what was read is looked at on pages when the source is not asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from typing import Any

from django.db import transaction
from django.db.models.fields.json import KT

from headcount.control.models import Connection, Lineage, Setting, Stream
from headcount.control.trouble import told
from headcount.engines import Source
from headcount.errors import SourceError
from headcount.model import Model
from headcount.service.masking import KNOWN_COLUMNS, Masks

Opening = Callable[[], Source]


def acquainted(
    connection: Connection, model: Model, opening: Opening, stream: Stream | None = None
) -> Source:
    """The source, opened after it was asked for what must be known of a model, and of others that were read for this
    stream, to tell what their queries show.

    A table that cannot be looked at has no known column: that ends no run.
    """
    with told():
        wanted = _wanted(connection, model, stream)
    found = {relation: _columns(relation, connection, opening) for relation in sorted(wanted)}
    if found:
        with told():
            _note(connection, found)
    return opening()


def _wanted(connection: Connection, model: Model, stream: Stream | None) -> set[str]:
    masks = Masks()
    if not masks.over_any([connection.key]):
        return set()
    new = connection.key not in masks.known or masks.known[connection.key]["of"] != _of(connection)
    seen: dict[str, list[str]] = {} if new else masks.known[connection.key]["columns"]
    mine = {relation for relation, name in masks.behind_tables(model) if name not in seen.get(relation, ())}
    earlier = {relation for each in _earlier(connection, stream) for relation, _ in masks.behind_tables(each)}
    return (mine | earlier - seen.keys()) - {""}


def _earlier(connection: Connection, stream: Stream | None) -> Iterable[Model]:
    """What was read through this connection for a stream, as far as it was written as a query."""
    if stream is None:
        return
    ways = Lineage.objects.filter(stream=stream, made_of__model__definition__connection=connection.key)
    queries = ways.annotate(query=KT("made_of__model__definition__query")).values_list("query", flat=True)
    for text in queries.distinct():
        if text:
            yield Model(key="", name="", connection=connection.key, query=text)


def _columns(relation: str, connection: Connection, opening: Opening) -> list[str]:
    """On a connection of its own: an error ends the transaction in which it comes."""
    with suppress(SourceError), closing(opening()) as source:
        model = Model(key=relation, name=relation, connection=connection.key, table=relation)
        return [column.name for column in source.columns(model)]
    return []


def _note(connection: Connection, found: dict[str, list[str]]) -> None:
    with transaction.atomic():
        Setting.objects.get_or_create(name=KNOWN_COLUMNS, defaults={"value": {}})
        row = Setting.objects.select_for_update().get(name=KNOWN_COLUMNS)
        of, before = _of(connection), row.value.get(connection.key, {})
        columns = before["columns"] if before.get("of") == of else {}
        row.value[connection.key] = {"of": of, "columns": {**columns, **found}}
        row.save()


def _of(connection: Connection) -> str:
    """Another database may have other columns."""
    said: Any = [connection.type, connection.settings]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
