"""The rows a sync reads."""

from __future__ import annotations

from django.db import models

from headcount.control.models.connection import KEY_LENGTH, NAME_LENGTH, Connection


class Model(models.Model):
    """A named table, query or file of a source. ``definition`` is what the project file says under its
    key.
    """

    key = models.CharField(max_length=KEY_LENGTH, unique=True)
    name = models.CharField(max_length=NAME_LENGTH)
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="models")
    definition = models.JSONField(default=dict)

    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key
