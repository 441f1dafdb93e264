"""Keys for programs."""

from __future__ import annotations

from django.db import models

from headcount.control.models.connection import NAME_LENGTH
from headcount.control.models.user import Role, User


class ApiToken(models.Model):
    """A Bearer token of the API. Only its hash is kept; ``prefix`` is how people tell tokens apart.

    It may do what ``role`` allows, and never more than its owner may today.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=NAME_LENGTH)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the token, in hexadecimal
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.prefix}…"
