"""Columns whose values nobody sees on pages, in the API or in downloads."""

from __future__ import annotations

from django.db import models

from headcount.control.models.model import Model

COLUMN_LENGTH = 300


class MaskedColumn(models.Model):
    """One column of a model. Its values are sent to destinations as ever, and shown nowhere."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="masked")
    column = models.CharField(max_length=COLUMN_LENGTH)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "column"], name="masked_once")]

    def __str__(self) -> str:
        return f"{self.model_id}:{self.column}"
