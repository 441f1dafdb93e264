"""What the runs of a sync came to, added up for ever: runs may be tidied away, counters must not go back."""

from __future__ import annotations

from django.db import models

from headcount.control.models.sync import Sync


class Tally(models.Model):
    """The sums over all ended runs of one sync with one status."""

    sync = models.ForeignKey(Sync, on_delete=models.CASCADE, related_name="tallies")
    status = models.CharField(max_length=12)
    runs = models.BigIntegerField(default=0)
    read = models.BigIntegerField(default=0)
    accepted = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    in_doubt = models.BigIntegerField(default=0)
    invalid = models.BigIntegerField(default=0)
    requests = models.BigIntegerField(default=0)
    bytes = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0.0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sync", "status"], name="one_tally")]

    def __str__(self) -> str:
        return f"{self.sync_id} {self.status}: {self.runs}"
