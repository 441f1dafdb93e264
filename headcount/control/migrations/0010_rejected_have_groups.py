import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("control", "0009_rejected_in_groups")]

    operations = [
        migrations.AlterField(
            model_name="rejected",
            name="group",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="rows",
                to="control.rejectedgroup",
            ),
        ),
    ]
