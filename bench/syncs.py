"""The two syncs of the benchmark."""

from __future__ import annotations

from bench.data import EVENT_FIELDS, EVENT_NAME, PEOPLE_FIELDS
from headcount.model import Behavior, Budget, Constant, FromColumn, Mapping, Model, Sync

# As fast as it goes: no limit of requests a second, none of items a request.
BUDGET = Budget(requests_per_second=0, max_items=0, max_bytes=500_000, senders=3)


def sync(kind: str, path: str) -> Sync:
    """The sync of a kind of table, with its rows in a Parquet file."""
    model = Model(key=kind, name=kind, connection="files", path=path)
    return _people(model) if kind == "people" else _events(model)


def _people(model: Model) -> Sync:
    return Sync(
        key=model.key,
        name=model.name,
        model=model,
        destination="sandbox",
        object="person",
        behavior=Behavior.UPDATE_OR_CREATE,
        identifier="id",
        key_column="id",
        mappings=tuple(Mapping(to=name, source=FromColumn(name)) for name in PEOPLE_FIELDS),
    )


def _events(model: Model) -> Sync:
    return Sync(
        key=model.key,
        name=model.name,
        model=model,
        destination="sandbox",
        object="event",
        behavior=Behavior.APPEND_ONLY,
        identifier="unique_id",
        key_column="order_id",
        stream_id="bench",
        mappings=(
            Mapping(to="name", source=Constant(EVENT_NAME), slot="name"),
            Mapping(to="id", source=FromColumn("customer_id"), slot="person"),
            Mapping(to="timestamp", source=FromColumn("ordered_at"), slot="timestamp"),
            *(Mapping(to=name, source=FromColumn(name)) for name in EVENT_FIELDS),
        ),
    )
