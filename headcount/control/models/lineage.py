"""What the values that a sync sent were ever made of."""

from __future__ import annotations

from django.db import models

from headcount.control.models.stream import Stream


class Lineage(models.Model):
    """One way in which a sync was mapped when it ran: kept as long as what it sent may be remembered, and longer than
    its runs.

    ``made_of`` is the sync and the model as in a run's snapshot; empty where older ways are not known any more.
    ``digest`` is of that.
    """

    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="lineages")
    digest = models.CharField(max_length=64)
    made_of = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "digest"], name="lineage_once")]

    def __str__(self) -> str:
        return f"{self.stream_id}:{self.digest[:8]}"
