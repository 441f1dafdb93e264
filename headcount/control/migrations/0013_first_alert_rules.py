from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def first_rules(apps: Apps, _: BaseDatabaseSchemaEditor) -> None:
    """What nobody should have to ask for: a failed run, and a run most of whose rows were refused."""
    rules = apps.get_model("control", "AlertRule").objects
    rules.create(kind="failed")
    rules.create(kind="rejected", threshold=75)


class Migration(migrations.Migration):
    dependencies = [("control", "0012_alerts")]

    operations = [migrations.RunPython(first_rules, migrations.RunPython.noop)]
