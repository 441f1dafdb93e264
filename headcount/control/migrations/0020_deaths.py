from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def close_books(apps: StateApps, _: BaseDatabaseSchemaEditor) -> None:
    """Of runs that failed before it was noted, nobody can tell which are folded; by now others have followed them."""
    apps.get_model("control", "Run").objects.filter(status="failed").update(folded=True)


class Migration(migrations.Migration):
    dependencies = [
        ("control", "0019_older_secrets"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="deaths",
            field=models.IntegerField(default=0),
        ),
        migrations.RunPython(close_books, migrations.RunPython.noop),
    ]
