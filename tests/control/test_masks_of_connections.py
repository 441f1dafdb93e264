"""Masks of models become masks of the connections that the models read, and of those they read before."""

from __future__ import annotations

from pathlib import Path

from headcount.control.models import Lineage, MaskedColumn, Run
from tests.control.sample import make_run
from tests.control.schemas import as_of


def _read(model: str, connection: str) -> dict[str, object]:
    return {"model": {"key": model, "definition": {"connection": connection, "table": "t"}}}


def test_masks_of_an_older_store_hold_for_every_connection_that_values_came_through(home: Path) -> None:
    run = make_run()
    make_run("orders")
    Run.objects.filter(pk=run.pk).update(sync_snapshot=_read("users", "first"))
    for digest, where in (("a", "second"), ("b", "second"), ("c", "users-source")):
        Lineage.objects.create(stream=run.sync.stream, digest=digest, made_of=_read("users", where))
    Lineage.objects.create(stream=run.sync.stream, digest="d", made_of=_read("orders", "elsewhere"))
    Lineage.objects.create(stream=run.sync.stream, digest="e", made_of={})
    with as_of("0023_lineages") as then:
        users, same = (
            then.get_model("control", "Model").objects.get(key="users"),
            run.sync.model.connection_id,
        )
        again = then.get_model("control", "Model").objects.create(
            key="again", name="Again", connection_id=same
        )
        for model, column in ((users, "email"), (users, "phone"), (again, "EMAIL")):
            then.get_model("control", "MaskedColumn").objects.create(model=model, column=column)
    found = sorted(MaskedColumn.objects.values_list("connection", "column"))
    assert [(where, column.casefold()) for where, column in found] == [
        ("first", "email"),
        ("first", "phone"),
        ("second", "email"),
        ("second", "phone"),
        ("users-source", "email"),
        ("users-source", "phone"),
    ]
