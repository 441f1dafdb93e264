"""One execution of a sync."""

from __future__ import annotations

from django.db import models

from headcount.control.models.sync import Sync
from headcount.model import RunKind, RunStatus


class Run(models.Model):
    """The run row is the truth about a run; whatever executes it reads its orders here.

    ``sync_snapshot`` is the sync as it was when the run was planned, and ``fingerprint`` a digest of it and
    of its connections: a run is resumed only while both still agree with the present.
    """

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="runs")
    status = models.CharField(
        max_length=12, choices=[(s.value, s.value) for s in RunStatus], default=RunStatus.QUEUED.value
    )
    trigger = models.CharField(max_length=30, default="manual")
    full = models.BooleanField(default=False)
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in RunKind], default="run")
    keys = models.JSONField(
        default=list
    )  # canonical: the one to test, or those to retry (none: all that are held)

    # How often the run was handed to the queue; 0 when it never was, and belongs to the process that recorded it.
    attempt = models.IntegerField(default=0)
    deaths = models.IntegerField(
        default=0
    )  # how many of those who worked on it ended without letting go of it

    scheduled_for = models.DateTimeField(null=True)  # when a trigger wanted it, if one did
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    sync_snapshot = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64, default="")
    plan_path = models.CharField(max_length=1000, default="")
    plan_fields = models.JSONField(default=list)
    plan_counts = models.JSONField(default=dict)  # add, change, remove
    planned_at = models.DateTimeField(null=True)

    counts = models.JSONField(default=dict)  # headcount.model.Counts
    # Why its rows were changed or left out. Kept here, for plans are deleted some day.
    field_changes = models.JSONField(default=dict)  # changes by field
    invalid_reasons = models.JSONField(default=list)  # [field, reason, rows]
    error = models.TextField(default="")
    hint = models.TextField(default="")
    error_code = models.CharField(max_length=40, default="")  # headcount.control.error_codes
    warnings = models.JSONField(default=list)  # sentences

    cancel_requested = models.BooleanField(default=False)
    pause_requested = models.BooleanField(
        default=False
    )  # by a person; an interrupted run is paused without it
    approved = models.BooleanField(default=False)  # somebody let it pass its guards
    folded = models.BooleanField(default=False)  # what it sent is in the state, or can never be

    # Who works on it, and until when that is certain, on the database's clock. Both are renewed while it works.
    worker = models.CharField(max_length=100, default="")
    lease_until = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    progress = models.JSONField(default=dict)  # how far it is; headcount.service.watching reads it

    worked = models.FloatField(default=0)  # seconds, of all who worked on it, as far as they told

    # A run that found its source out of reach is tried again, not before this moment.
    source_tries = models.IntegerField(default=0)
    not_before = models.DateTimeField(null=True)

    pid = models.IntegerField(null=True)
    host = models.CharField(max_length=255, default="")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["sync", "-id"], name="run_of_sync"),
            models.Index(fields=["sync", "status", "-id"], name="run_of_sync_by_status"),
            models.Index(fields=["status"]),
            models.Index(fields=["created_at", "status"], name="run_by_time"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"
