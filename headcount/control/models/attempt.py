"""Tries to sign in, counted."""

from __future__ import annotations

from django.db import models


class Attempt(models.Model):
    """How often signing in failed lately, for one name or from one address.

    ``subject`` is a digest: people type passwords where names belong, and those must not be kept.
    """

    subject = models.CharField(max_length=64, unique=True)
    failures = models.IntegerField(default=0)
    last_at = models.DateTimeField()
    closed_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["last_at"])]

    def __str__(self) -> str:
        return f"{self.failures} failures"
