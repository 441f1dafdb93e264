"""Every rejected row gets its group, with the counts; then none can be without."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import Count, Max, Min, Q


def group(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    rejected = apps.get_model("control", "Rejected")
    groups = apps.get_model("control", "RejectedGroup")
    found = (
        rejected.objects.order_by()
        .values("sync_id", "reason", "field")
        .annotate(
            open=Count("id", filter=Q(status="open")),
            muted=Count("id", filter=Q(status="muted")),
            first_at=Min("created_at"),
            message=Max("message"),
        )
    )
    for each in list(found):
        field = each["field"][:300]
        made, _ = groups.objects.get_or_create(sync_id=each["sync_id"], reason=each["reason"], field=field)
        groups.objects.filter(pk=made.pk).update(
            open=models.F("open") + each["open"],
            muted=models.F("muted") + each["muted"],
            first_at=each["first_at"],
            message=each["message"],
        )
        same = rejected.objects.filter(sync_id=each["sync_id"], reason=each["reason"], field=each["field"])
        same.update(group=made)


class Migration(migrations.Migration):
    dependencies = [("control", "0008_monitoring")]

    operations = [migrations.RunPython(group, migrations.RunPython.noop)]
