"""What the values that a sync sent were ever made of: from the runs that are still known."""

import hashlib
import json

from django.db import migrations, models
from django.db.models import Max


def from_runs(apps, _):
    """Of runs with the same fingerprint one is read. A sync whose first load is not among them has unknown ways, too."""
    lineages = apps.get_model("control", "Lineage").objects
    for stream in apps.get_model("control", "Stream").objects.all():
        runs = apps.get_model("control", "Run").objects.filter(sync__stream=stream)
        newest = runs.exclude(sync_snapshot={}).order_by().values("fingerprint").annotate(newest=Max("pk"))
        ways = {}
        for number in [row["newest"] for row in newest]:
            way = _way(runs.get(pk=number).sync_snapshot)
            ways[_digest(way)] = way
        if not _nothing_sent(stream) and not _from_the_first(runs):
            ways[""] = {}
        for digest, way in ways.items():
            lineages.create(stream=stream, digest=digest, made_of=way)


def _nothing_sent(stream):
    """Does the sync remember nothing? That of a sync which is deleted may be remembered all the same."""
    sync = getattr(stream, "sync", None)
    return sync is not None and not sync.acknowledged and not sync.held


def _from_the_first(runs):
    """Does the oldest run that counted anything look like one that found nothing remembered?"""
    for counts in runs.exclude(counts={}).order_by("pk").values_list("counts", flat=True)[:1]:
        return not any(counts.get(name) for name in ("change", "remove", "unchanged", "held"))
    return False


def _way(snapshot):
    sync = {name: value for name, value in snapshot["sync"].items() if name != "name"}
    unneeded = ("triggers", "paused", "api_log", "timeout_minutes")
    definition = {name: value for name, value in sync["definition"].items() if name not in unneeded}
    return {"sync": {**sync, "definition": definition}, "model": snapshot["model"]}


def _digest(way):
    return hashlib.sha256(json.dumps(way, sort_keys=True).encode()).hexdigest()


class Migration(migrations.Migration):
    dependencies = [
        ("control", "0022_newest_runs"),
    ]

    operations = [
        migrations.CreateModel(
            name="Lineage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                ("made_of", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "stream",
                    models.ForeignKey(on_delete=models.CASCADE, related_name="lineages", to="control.stream"),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="lineage",
            constraint=models.UniqueConstraint(fields=("stream", "digest"), name="lineage_once"),
        ),
        migrations.RunPython(from_runs, migrations.RunPython.noop, elidable=True),
    ]
