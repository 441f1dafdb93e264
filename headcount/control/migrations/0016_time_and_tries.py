"""How long a run was worked on, and when one that waits for its source is tried again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("control", "0015_error_codes_and_bodies"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="worked",
            field=models.FloatField(default=0),
        ),
        migrations.AddField(
            model_name="run",
            name="source_tries",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="run",
            name="not_before",
            field=models.DateTimeField(null=True),
        ),
    ]
