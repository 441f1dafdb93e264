from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("control", "0013_first_alert_rules"),
    ]

    operations = [
        migrations.AddField(
            model_name="stream",
            name="state_in",
            field=models.CharField(
                choices=[("file", "File"), ("postgresql", "Postgresql")], default="file", max_length=12
            ),
        ),
    ]
