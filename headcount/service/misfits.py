"""Values that are not what a model declares their column to be, found as a sync would find them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from headcount.compiler import Compiler
from headcount.destinations.customerio.objects import destination_object
from headcount.errors import ConfigurationError
from headcount.mapped import Mapped
from headcount.model import Behavior, Column, FromColumn, Mapping, Model, Sync
from headcount.prepare import prepare
from headcount.wire import REFUSALS
from headcount.workbench import Workbench


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """A ``column`` that is declared to be of a ``kind``, what is wrong with it, and in how many of the rows."""

    column: str
    kind: str
    reason: str
    rows: int


def misfits(model: Model, columns: Sequence[Column], rows: pa.Table, scratch: Path) -> tuple[Misfit, ...]:
    """Of the columns that the model declares, those with values that no sync could send as they are declared."""
    declared = [column for column in columns if column.name in model.types]
    if not declared or not rows.num_rows:
        return ()
    with Workbench(scratch) as bench:
        return tuple(found for column in declared for found in _found(bench, model, column, rows))


def _found(bench: Workbench, model: Model, column: Column, rows: pa.Table) -> Iterator[Misfit]:
    mapping = Mapping(to="value", source=FromColumn(column.name))  # a field of no type of its own
    alone = rows.select([column.name])
    compiler = Compiler(_mapped(model, column, mapping), alone.schema)
    try:
        wire = compiler.wire(mapping)
    except ConfigurationError:
        return  # such a column needs a type in the sync, which says so
    bench.connection.register("shown_rows", prepare(alone.to_reader(), compiler.prepared))
    spelled = "".join(f", {sql} AS {name}" for name, sql in compiler.spelled_columns().items())
    sql = (
        f"SELECT wire[2:], count(*) FROM (SELECT {wire} AS wire FROM (SELECT *{spelled} FROM shown_rows)) "
        "WHERE starts_with(wire, '!') GROUP BY ALL ORDER BY ALL"
    )
    for word, count in bench.run(sql):
        yield Misfit(column=column.name, kind=column.kind.value, reason=REFUSALS[word], rows=count)


def _mapped(model: Model, column: Column, mapping: Mapping) -> Mapped:
    """The model as if a sync sent one of its columns."""
    sync = Sync(
        key=model.key,
        name=model.name,
        model=model,
        destination="",
        object="person",
        behavior=Behavior.UPDATE_OR_CREATE,
        identifier="id",
        key_column=column.name,
        mappings=(mapping,),
    )
    person = destination_object(sync.object)
    return Mapped(sync=sync, object=person, columns=(column,), fields=(mapping,), metadata=())
