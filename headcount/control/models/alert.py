"""What people want to be told about runs, and what they were told."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from headcount.control.models.outlet import Outlet
from headcount.control.models.run import Run
from headcount.control.models.sync import Sync


class AlertRule(models.Model):
    """When to tell. A sync's own rules of a kind, also those that are off, take the place of the general ones."""

    kind = models.CharField(max_length=10)  # headcount.control.alerts.rule.AlertKind
    sync = models.ForeignKey(
        Sync, on_delete=models.CASCADE, null=True, related_name="alert_rules"
    )  # none: all
    outlet = models.ForeignKey(
        Outlet, on_delete=models.SET_NULL, null=True, related_name="rules"
    )  # none: all
    threshold = models.FloatField(default=0)  # percent or minutes
    counts = models.CharField(max_length=10, default="read")  # what an unusual number is a number of
    runs = models.IntegerField(default=5)  # how many earlier ones show what is usual
    every_time = models.BooleanField(default=False)  # also while it is known already
    recovery = models.BooleanField(default=True)  # tell when it is over
    enabled = models.BooleanField(default=True)

    class Meta:
        ordering = ["sync_id", "kind", "id"]

    def __str__(self) -> str:
        return self.kind


class Alert(models.Model):
    """One trouble of one sync, from the run in which a rule first saw it until one in which it is over."""

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="alerts")
    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="alerts")
    run = models.ForeignKey(
        Run, on_delete=models.SET_NULL, null=True, related_name="+"
    )  # the last one that had it
    words = models.TextField()
    times = models.IntegerField(default=1)
    raised_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "sync"], condition=Q(resolved_at=None), name="one_open_alert"
            )
        ]

    def __str__(self) -> str:
        return self.words
