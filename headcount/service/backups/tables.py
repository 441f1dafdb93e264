"""The control store's rows as lines of text, as every database understands them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from django.apps.registry import Apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from headcount.chunks import chunks

APP = "control"
AT_ONCE = 500  # rows in one statement; SQLite limits the values of one

Table = type[models.Model]


def tables(apps: Any) -> list[Table]:
    """Every table of the control store, by name. ``apps`` may be those of an older schema."""
    registry: Apps = apps
    found: Iterable[Table] = registry.get_app_config(APP).get_models()
    return sorted(found, key=lambda table: table._meta.db_table)


def columns(table: Table) -> list[str]:
    """The attributes that hold a row's own values: ``sync_id`` rather than ``sync``."""
    return [field.attname for field in table._meta.concrete_fields]


def write_rows(table: Table, file: TextIO) -> int:
    """Write every row as a line, in the order of its number, and return how many there are."""
    count = 0
    for row in table._base_manager.order_by("pk").values_list(*columns(table)).iterator(chunk_size=AT_ONCE):
        file.write(json.dumps(row, cls=_Values, separators=(",", ":")) + "\n")
        count += 1
    return count


class _Values(DjangoJSONEncoder):
    """Times to the last microsecond, which Django's own form cuts off."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if hasattr(o, "isoformat") else super().default(o)


def read_rows(table: Table, names: Sequence[str], lines: Iterable[str]) -> int:
    """Insert what ``write_rows`` wrote, as it was: numbers and times too. Returns how many rows there were."""
    fields = [_as_it_is(table, name) for name in names]
    rows = (_row(table, fields, line) for line in lines)
    count = 0
    for chunk in chunks(rows, AT_ONCE):
        table._base_manager.bulk_create(chunk)
        count += len(chunk)
    return count


def _as_it_is(table: Table, name: str) -> Any:
    """The field, without its wish to write the present time."""
    field: Any = next(f for f in table._meta.concrete_fields if f.attname == name)
    if isinstance(field, models.DateTimeField):
        field.auto_now = field.auto_now_add = False
    return field


def _row(table: Table, fields: Sequence[Any], line: str) -> models.Model:
    values = json.loads(line)
    return table(**{f.attname: _value(f, v) for f, v in zip(fields, values, strict=True)})


def _value(field: Any, value: Any) -> Any:
    return value if isinstance(field, models.JSONField | models.ForeignKey) else field.to_python(value)


def lines_of(file: Iterable[bytes]) -> Iterator[str]:
    for line in file:
        yield line.decode()
