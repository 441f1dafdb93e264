"""Masks belong to connections: to each that a model with masks reads, or read in a run that is still known."""

from django.db import migrations, models


def to_connections(apps, _):
    """A mask is copied for every connection that values of its model were read through."""
    masks = apps.get_model("control", "MaskedColumn").objects
    wanted, once = {}, {}
    for mask in masks.select_related("model__connection").order_by("pk"):
        if mask.model.key not in once:
            once[mask.model.key] = set(_once(apps, mask.model.key))
        for connection in {mask.model.connection.key, *once[mask.model.key]}:
            wanted[connection, mask.column.casefold()] = mask.column
    masks.all().delete()
    for (connection, _), column in wanted.items():
        masks.create(connection=connection, column=column)


def _once(apps, model):
    """The connections that a model read before, by what was written down of runs."""
    for name, where in (("Run", "sync_snapshot"), ("Lineage", "made_of")):
        rows = apps.get_model("control", name).objects.filter(**{f"{where}__model__key": model})
        place = f"{where}__model__definition__connection"
        yield from (each for each in rows.order_by().values_list(place, flat=True).distinct() if each)


class Migration(migrations.Migration):
    dependencies = [
        ("control", "0023_lineages"),
    ]

    operations = [
        migrations.AddField("maskedcolumn", "connection", models.CharField(max_length=100, default="")),
        migrations.AlterField(
            "maskedcolumn",
            "model",
            models.ForeignKey(
                "control.model", null=True, on_delete=models.deletion.CASCADE, related_name="masked"
            ),
        ),
        migrations.RunPython(to_connections, migrations.RunPython.noop),
    ]
