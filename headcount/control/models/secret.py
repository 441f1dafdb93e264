"""Passwords and keys that people gave Headcount to keep."""

from __future__ import annotations

from django.db import models

from headcount.control.models.connection import Connection


class Secret(models.Model):
    """The value of one field of one connection, encrypted. Read and written by
    ``headcount.control.secrets``.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="secrets")
    field = models.CharField(max_length=50)
    ciphertext = models.TextField()
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "field"], name="one_secret")]

    def __str__(self) -> str:
        return self.field
