from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("control", "0006_sign_in_attempts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Origin",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("section", models.CharField(max_length=20)),
                ("key", models.CharField(max_length=100)),
                ("digest", models.CharField(max_length=64)),
                ("applied_at", models.DateTimeField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("section", "key"), name="one_origin")],
            },
        ),
    ]
