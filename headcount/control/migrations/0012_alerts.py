import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import headcount.control.models.outlet


class Migration(migrations.Migration):
    dependencies = [
        ("control", "0011_tallies"),
    ]

    operations = [
        migrations.CreateModel(
            name="Outlet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=[("channel", "Channel"), ("webhook", "Webhook")], max_length=10),
                ),
                ("name", models.CharField(max_length=200)),
                ("shows", models.CharField(max_length=300)),
                ("ciphertext", models.TextField()),
                ("events", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("kind", "name"), name="one_outlet")],
            },
        ),
        migrations.CreateModel(
            name="AlertRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=10)),
                ("threshold", models.FloatField(default=0)),
                ("counts", models.CharField(default="read", max_length=10)),
                ("runs", models.IntegerField(default=5)),
                ("every_time", models.BooleanField(default=False)),
                ("recovery", models.BooleanField(default=True)),
                ("enabled", models.BooleanField(default=True)),
                (
                    "sync",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alert_rules",
                        to="control.sync",
                    ),
                ),
                (
                    "outlet",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="rules",
                        to="control.outlet",
                    ),
                ),
            ],
            options={
                "ordering": ["sync_id", "kind", "id"],
            },
        ),
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("words", models.TextField()),
                ("times", models.IntegerField(default=1)),
                ("raised_at", models.DateTimeField()),
                ("resolved_at", models.DateTimeField(null=True)),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="control.run",
                    ),
                ),
                (
                    "sync",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="alerts", to="control.sync"
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="control.alertrule",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("resolved_at", None)),
                        fields=("rule", "sync"),
                        name="one_open_alert",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "uid",
                    models.CharField(
                        default=headcount.control.models.outlet.new_uid, max_length=32, unique=True
                    ),
                ),
                ("event", models.CharField(max_length=30)),
                ("sync", models.CharField(default="", max_length=100)),
                ("body", models.TextField()),
                (
                    "status",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("sent", "Sent"), ("failed", "Failed")],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("tries", models.IntegerField(default=0)),
                ("due_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("error", models.CharField(default="", max_length=300)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="control.run",
                    ),
                ),
                (
                    "outlet",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="control.outlet",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["status", "due_at"], name="delivery_due"),
                    models.Index(fields=["outlet", "-id"], name="delivery_of_outlet"),
                    models.Index(fields=["outlet", "status"], name="delivery_by_status"),
                ],
            },
        ),
    ]
