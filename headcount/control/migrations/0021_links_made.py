from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("control", "0020_deaths"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="links_made",
            field=models.PositiveIntegerField(default=0),
        ),
    ]
