"""Who changed what."""

from __future__ import annotations

from django.db import models


class Audit(models.Model):
    """One deed. ``detail`` never holds a secret or a row value."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=50)  # created, changed, deleted, canceled, …
    what = models.CharField(max_length=200)  # "sync users"
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["what", "id"])]

    def __str__(self) -> str:
        return f"{self.action} {self.what}"
