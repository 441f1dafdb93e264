"""What ended a run as a word, and the bodies of requests where a sync keeps them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("control", "0014_state_place"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="error_code",
            field=models.CharField(default="", max_length=40),
        ),
        migrations.AddField(
            model_name="exchange",
            name="request",
            field=models.TextField(default=""),
        ),
        migrations.AddField(
            model_name="exchange",
            name="answer",
            field=models.TextField(default=""),
        ),
    ]
