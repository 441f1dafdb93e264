"""Requests of a run and their answers, for people who want to see what was said."""

from __future__ import annotations

from django.db import models

from headcount.control.models.run import Run


class Exchange(models.Model):
    """One request. A run keeps its newest ones only, and of those with trouble as many again.

    ``errors`` lists ``[field, reason, message]``. ``request`` and ``answer`` are empty unless the sync keeps bodies;
    then they are JSON without the values of masked columns.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="exchanges", db_index=False)
    at = models.DateTimeField()
    attempt = models.IntegerField()
    items = models.IntegerField()
    bytes = models.BigIntegerField()
    seconds = models.FloatField()
    status = models.IntegerField(null=True)  # none: no readable answer came
    complaints = models.IntegerField()
    troubled = models.BooleanField()
    errors = models.JSONField(default=list)
    request = models.TextField(default="")
    answer = models.TextField(default="")

    class Meta:
        indexes = [models.Index(fields=["run", "troubled", "id"], name="exchange_of_run")]

    def __str__(self) -> str:
        return f"{self.run_id}:{self.pk}"
