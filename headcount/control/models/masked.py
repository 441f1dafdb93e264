"""Columns whose values nobody sees on pages, in the API or in downloads."""

from __future__ import annotations

from django.db import models

from headcount.control.models.connection import KEY_LENGTH

COLUMN_LENGTH = 300


class MaskedColumn(models.Model):
    """One column of everything that a connection can read, by its name in any case. Its values are sent to
    destinations as ever, and shown nowhere.

    ``connection`` is a key, not a reference: what was read through a connection is remembered longer than it.
    """

    connection = models.CharField(max_length=KEY_LENGTH)
    column = models.CharField(max_length=COLUMN_LENGTH)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "column"], name="masked_once")]

    def __str__(self) -> str:
        return f"{self.connection}:{self.column}"
