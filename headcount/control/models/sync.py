"""How a model becomes an object of a destination."""

from __future__ import annotations

from django.db import models

from headcount.control.models.connection import KEY_LENGTH, NAME_LENGTH, Connection
from headcount.control.models.model import Model
from headcount.control.models.stream import Stream


class Sync(models.Model):
    """``definition`` is what the project file says under the sync's key, in its long form."""

    key = models.CharField(max_length=KEY_LENGTH, unique=True)
    name = models.CharField(max_length=NAME_LENGTH)
    model = models.ForeignKey(Model, on_delete=models.PROTECT, related_name="syncs")
    destination = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="syncs")
    object = models.CharField(max_length=30)
    definition = models.JSONField(default=dict)
    stream = models.OneToOneField(Stream, on_delete=models.PROTECT, related_name="sync")
    paused = models.BooleanField(default=False)

    # As of the last fold, so that listings need not open the state.
    acknowledged = models.BigIntegerField(null=True)
    held = models.BigIntegerField(null=True)

    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key
