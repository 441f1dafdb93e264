"""Rows that did not arrive, and why."""

from __future__ import annotations

from django.db import models

from headcount.control.models.run import Run
from headcount.control.models.sync import Sync

REASON_LENGTH = 500


FIELD_LENGTH = 300


class RejectedGroup(models.Model):
    """All refusals of a sync for one reason and field. The counts spare counting the rows, which may be a million.

    Only ``headcount.control.held`` changes them, together with the rows.
    """

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="rejected_groups", db_index=False)
    reason = models.CharField(max_length=REASON_LENGTH)
    field = models.CharField(max_length=FIELD_LENGTH)
    open = models.BigIntegerField(default=0)
    muted = models.BigIntegerField(default=0)
    message = models.TextField(default="")  # the newest row's, as an example
    first_at = models.DateTimeField(auto_now_add=True)
    last_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sync", "reason", "field"], name="one_group")]

    def __str__(self) -> str:
        return f"{self.reason} {self.field}"


class Rejected(models.Model):
    """One change the destination refused, in its own words."""

    class Status(models.TextChoices):
        OPEN = "open"  # held: not sent again until its values or the mapping change
        RELEASED = "released"  # will be planned again
        RESOLVED = "resolved"  # accepted in a later run
        MUTED = "muted"  # somebody has seen it and does not want to hear of it

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="rejected", db_index=False)
    group = models.ForeignKey(RejectedGroup, on_delete=models.CASCADE, related_name="rows", db_index=False)
    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="rejected", db_index=False)
    seq = models.BigIntegerField()  # number in the run's plan
    key = models.TextField()
    op = models.CharField(max_length=10)
    reason = models.CharField(max_length=REASON_LENGTH)
    field = models.TextField(default="")
    message = models.TextField(default="")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["sync", "status", "id"], name="rejected_of_sync"),
            models.Index(fields=["sync", "key"], name="rejected_by_key"),
            models.Index(fields=["group", "status", "id"], name="rejected_of_group"),
            models.Index(fields=["run", "id"], name="rejected_of_run"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}:{self.seq}"


class Invalid(models.Model):
    """A row that was never sent: an example, for a run lists only some of each reason."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="invalid")
    key = models.TextField()
    field = models.TextField(default="")
    reason = models.TextField()

    def __str__(self) -> str:
        return f"{self.run_id}:{self.pk}"
