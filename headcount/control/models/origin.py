"""What the project file said about an entry when it was last applied."""

from __future__ import annotations

from django.db import models

from headcount.control.models.connection import KEY_LENGTH


class Origin(models.Model):
    """One connection, model or sync that a project file brought. Made on the pages and never applied: no row."""

    section = models.CharField(max_length=20)  # connections, models, syncs
    key = models.CharField(max_length=KEY_LENGTH)
    digest = models.CharField(max_length=64)  # of the entry as the file had it
    applied_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["section", "key"], name="one_origin")]

    def __str__(self) -> str:
        return f"{self.section}.{self.key}"
