"""What a run wrote down before and after each request."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from headcount.control.models.run import Run


class Intent(models.Model):
    """The changes ``first`` to ``last`` of the run's plan may have been sent. Written before the request."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="intents", db_index=False)
    first = models.BigIntegerField()
    last = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["run", "first"], name="intent_of_run")]

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


class Receipt(models.Model):
    """What became of the changes ``first`` to ``last``. Written after the answer was read.

    ``exceptions`` lists ``[index, fate, reason, field, message, doubt]`` for every change that was not accepted;
    ``index`` counts from 0 at ``first``.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="receipts", db_index=False)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    accepted = models.IntegerField()
    rejected = models.IntegerField()
    in_doubt = models.IntegerField()
    unsent = models.IntegerField()
    requests = models.IntegerField()
    bytes = models.BigIntegerField()
    exceptions = models.JSONField(default=list)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        # Exactly one outcome per change: a second receipt that begins at the same change is a bug.
        constraints = [models.UniqueConstraint(fields=["run", "first"], name="one_receipt")]

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"
