from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("control", "0021_links_made"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["sync", "status", "-id"], name="run_of_sync_by_status"),
        ),
    ]
