"""The columns that tables of PostgreSQL were seen to have.

A name behind a table's is plain only if the table has such a column; else it may be a function that shows the whole
row. So whenever rows of a connection with masked columns are read, its tables that are named so are looked at first,
and what was seen is remembered: what was read is looked at on pages when the source is not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models.fields.json import KT

from headcount.control.models import Connection, Lineage, Setting, Stream
from headcount.control.trouble import told
from headcount.engines import Source
from headcount.errors import NoSuchRelation, SourceError, SourceUnavailable
from headcount.model import Model
from headcount.service.masking import KNOWN_COLUMNS, Masks, address

Columns = Mapping[str, list[str]]  # by relation


def acquaint(source: Source, connection: Connection, model: Model, stream: Stream | None = None) -> None:
    """Ask an open source, before each read of a model, what must be known to tell what the model's query shows; and
    the same of others that were read for ``stream``, where that is not known yet.

    A table that cannot be looked at ends no run, and what is known of it stays. Raises ``SourceUnavailable`` when the
    source is away: then its rows cannot be read either.
    """
    with told():
        wanted = _wanted(connection, model, stream)
    answers = ((relation, _columns(source, relation, connection)) for relation in sorted(wanted))
    found = {relation: columns for relation, columns in answers if columns is not None}
    with told():
        known = _known(Masks(), connection) if found else {}
        if any(known.get(relation) != columns for relation, columns in found.items()):
            _note(connection, found)


def _wanted(connection: Connection, model: Model, stream: Stream | None) -> set[str]:
    masks = Masks()
    if not masks.over_any([connection.key]):
        return set()
    mine = {relation for relation, _ in masks.behind_tables(model)}
    earlier = {relation for each in _earlier(connection, stream) for relation, _ in masks.behind_tables(each)}
    return (mine | earlier - _known(masks, connection).keys()) - {""}


def _known(masks: Masks, connection: Connection) -> Columns:
    known = masks.known.get(connection.key)
    return known["columns"] if known is not None and known["of"] == address(connection) else {}


def _earlier(connection: Connection, stream: Stream | None) -> Iterable[Model]:
    """What was read through this connection for a stream, as far as it was written as a query."""
    if stream is None:
        return
    ways = Lineage.objects.filter(stream=stream, made_of__model__definition__connection=connection.key)
    queries = ways.annotate(query=KT("made_of__model__definition__query")).values_list("query", flat=True)
    for text in queries.distinct():
        if text:
            yield Model(key="", name="", connection=connection.key, query=text)


def _columns(source: Source, relation: str, connection: Connection) -> list[str] | None:
    """None when the source does not say."""
    model = Model(key=relation, name=relation, connection=connection.key, table=relation)
    try:
        return [column.name for column in source.columns(model)]
    except SourceUnavailable:
        raise
    except NoSuchRelation:
        return []
    except SourceError:
        return None


def _note(connection: Connection, found: Columns) -> None:
    with transaction.atomic():
        Setting.objects.get_or_create(name=KNOWN_COLUMNS, defaults={"value": {}})
        row = Setting.objects.select_for_update().get(name=KNOWN_COLUMNS)
        of, before = address(connection), row.value.get(connection.key, {})
        columns = before["columns"] if before.get("of") == of else {}
        row.value[connection.key] = {"of": of, "columns": {**columns, **found}}
        row.save()
