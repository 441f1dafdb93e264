from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("control", "0018_sessions_ended"),
    ]

    operations = [
        migrations.AddField(
            model_name="outlet",
            name="rotated_at",
            field=models.DateTimeField(null=True),
        ),
    ]
