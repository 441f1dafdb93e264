"""What is hidden from people: the values of masked columns, and of every field made from one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import transaction

from headcount.control import audit
from headcount.control.models import Connection, MaskedColumn, Setting
from headcount.control.models.masked import COLUMN_LENGTH
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.engines import ENGINES
from headcount.engines.wanted import split_name
from headcount.errors import ConfigurationError
from headcount.model import FromColumn, Mapping, Template
from headcount.model import Model as Reading
from headcount.service.masked_sql import behind_tables, is_system, may_show
from headcount.service.quotes import withdraw
from headcount.templates import reads_whole_row

VEIL = "•••"
KNOWN_COLUMNS = "known columns"  # the setting in which columns of PostgreSQL's tables are remembered


@dataclass(frozen=True, kw_only=True)
class Mask:
    """What nobody may see of a model's rows: columns by their names in any case, or all of them (``whole``)."""

    names: frozenset[str] = frozenset()
    whole: bool = False

    def covers(self, column: str) -> bool:
        """Are the values of this column hidden?"""
        return self.whole or column.casefold() in self._folded

    def hides(self, mapping: Mapping) -> bool:
        """Is this field made from a masked column? A template is hidden when it names one anywhere, or reads all."""
        if isinstance(mapping.source, FromColumn):
            return self.covers(mapping.source.name)
        if isinstance(mapping.source, Template):
            text = mapping.source.text
            named = self.whole or any(name in text.casefold() for name in self._folded)
            return named or (bool(self) and reads_whole_row(text))
        return False

    @cached_property
    def _folded(self) -> frozenset[str]:
        return frozenset(name.casefold() for name in self.names)

    def __bool__(self) -> bool:
        return self.whole or bool(self.names)


class Masks:
    """The masks of all connections, read once, for whoever looks at many models. False where nothing is masked."""

    @cached_property
    def _names(self) -> dict[str, frozenset[str]]:
        names: dict[str, set[str]] = {}
        for connection, column in MaskedColumn.objects.values_list("connection", "column"):
            names.setdefault(connection, set()).add(column)
        return {connection: frozenset(columns) for connection, columns in names.items()}

    @cached_property
    def _connections(self) -> dict[str, Connection]:
        rows = Connection.objects.filter(key__in=self._names).only("key", "type", "settings")
        return {row.key: row for row in rows}

    def _type(self, connection: str) -> str:
        row = self._connections.get(connection)
        return row.type if row is not None else ""

    def __bool__(self) -> bool:
        return bool(self._names)

    def over_any(self, connections: Iterable[str]) -> bool:
        """Is a column of one of these connections masked?"""
        return not self._names.keys().isdisjoint(connections)

    def of(self, model: Reading) -> Mask:
        """What is hidden of a model, which may not be saved yet.

        Masks are the connection's, whatever becomes of its models. SQL that may show a masked column under another
        name is hidden as a whole, and so are the database's own tables, which hold samples of values.
        """
        names = self._names.get(model.connection, frozenset())
        return Mask(names=names, whole=bool(names) and self._may_show(model, names))

    def _may_show(self, model: Reading, names: frozenset[str]) -> bool:
        if model.table is not None:
            return is_system(split_name(model.table))
        if model.query is None:
            return False
        type_ = self._type(model.connection)
        if type_ not in ENGINES:
            return True  # in which dialect it was written is not known any more
        if may_show(model.query, ENGINES[type_].dialect, names):
            return True
        return any(not self._has(model.connection, *each) for each in self.behind_tables(model))

    def behind_tables(self, model: Reading) -> frozenset[tuple[str, str]]:
        """The relations and names that must be known as columns of these for the model's values to be shown."""
        names = self._names.get(model.connection, frozenset())
        type_ = self._type(model.connection)
        if model.query is None or type_ not in ENGINES or ENGINES[type_].dialect != "postgres":
            return frozenset()
        return frozenset() if may_show(model.query, "postgres", names) else behind_tables(model.query)

    @cached_property
    def known(self) -> dict[str, Any]:
        """By connection: ``columns``, those of its relations, and ``of``, the ``address`` they were read from."""
        row = Setting.objects.filter(name=KNOWN_COLUMNS).first()
        return dict(row.value) if row is not None else {}

    def _has(self, connection: str, relation: str, column: str) -> bool:
        known = self.known.get(connection)
        if known is None or known["of"] != address(self._connections[connection]):
            return False
        return column in known["columns"].get(relation, ())


def address(connection: Connection) -> str:
    """What a source is read from, for another database may have other columns: a digest of all that is set."""
    said: Any = [connection.type, connection.settings]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def mask_of(model: Reading) -> Mask:
    """What is hidden of one model, as ``Masks.of`` says."""
    return Masks().of(model)


def masked_names(connection: str) -> frozenset[str]:
    """The masked columns of everything that a connection reads, by its key."""
    return frozenset(MaskedColumn.objects.filter(connection=connection).values_list("column", flat=True))


def set_masked(connection: str, columns: Iterable[str], *, shown: Iterable[str] = ()) -> None:
    """Mask these columns of a connection, and show those of ``shown`` that are not among them, by names in any case.

    Raises ``ConfigurationError`` for a connection that is no source, and for a name that is too long for a column's.
    """
    setup()
    named = {column.casefold(): column for column in columns}
    if any(len(column) > COLUMN_LENGTH for column in named.values()):
        raise ConfigurationError(f"A column's name has at most {COLUMN_LENGTH} characters.")
    with told(), transaction.atomic():
        if not Connection.objects.select_for_update().filter(key=connection, type__in=list(ENGINES)).exists():
            raise ConfigurationError(
                f"There is no source {connection}.", hint="Only columns of sources are masked."
            )
        before = masked_names(connection)
        stays = {column.casefold() for column in before}
        added = {column for folded, column in named.items() if folded not in stays}
        ended = {column.casefold() for column in shown} - named.keys()
        gone = {column for column in before if column.casefold() in ended}
        MaskedColumn.objects.filter(connection=connection, column__in=gone).delete()
        MaskedColumn.objects.bulk_create(
            MaskedColumn(connection=connection, column=column) for column in sorted(added)
        )
        if added:
            withdraw(connection, VEIL)
        if added or gone:
            detail = {"masked columns": {"old": sorted(before), "new": sorted(before - gone | added)}}
            audit.record("changed", f"connection {connection}", detail)
