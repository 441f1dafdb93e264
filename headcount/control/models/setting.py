"""What is set for the whole installation."""

from __future__ import annotations

from django.db import models

from headcount.control.models.connection import KEY_LENGTH


class Setting(models.Model):
    """One named value; what it means, and what holds while there is none, is for its reader to say."""

    name = models.CharField(max_length=KEY_LENGTH, unique=True)
    value = models.JSONField()
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name
