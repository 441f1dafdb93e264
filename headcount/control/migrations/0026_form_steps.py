"""Steps of forms get rows of their own: in sessions, which are saved as a whole, two requests at once lost one."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("control", "0025_masks_without_models"),
    ]

    operations = [
        migrations.CreateModel(
            name="FormStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=16, unique=True)),
                ("trail", models.CharField(default="", max_length=16)),
                ("sealed", models.TextField()),
                ("size", models.IntegerField()),
                ("counted", models.TextField(default="")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="steps", to="control.user"
                    ),
                ),
            ],
            options={"ordering": ["-id"]},
        ),
    ]
