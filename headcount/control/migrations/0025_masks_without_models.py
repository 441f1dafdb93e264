"""A mask outlives the models of its connection. On its own, for PostgreSQL does not change a table it has just written."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("control", "0024_masks_of_connections"),
    ]

    operations = [
        migrations.RemoveConstraint("maskedcolumn", "masked_once"),
        migrations.RemoveField("maskedcolumn", "model"),
        migrations.AlterField("maskedcolumn", "connection", models.CharField(max_length=100)),
        migrations.AddConstraint(
            "maskedcolumn", models.UniqueConstraint(fields=["connection", "column"], name="masked_once")
        ),
    ]
