"""A named way into a service."""

from __future__ import annotations

from django.db import models

KEY_LENGTH = 100
NAME_LENGTH = 200


class Connection(models.Model):
    """A source or a destination. ``settings`` is what the project file says under the connection's key.

    Secrets stand in ``settings`` as references only: ``env:NAME``, ``file:PATH`` or ``stored``.
    """

    key = models.CharField(max_length=KEY_LENGTH, unique=True)
    name = models.CharField(max_length=NAME_LENGTH)
    type = models.CharField(max_length=30)  # postgresql, customerio, …
    settings = models.JSONField(default=dict)

    # What a destination said about itself when it was last asked. Empty for sources.
    environment_id = models.BigIntegerField(null=True)
    region = models.CharField(max_length=10, default="")
    url = models.CharField(max_length=500, default="")
    workspace_name = models.CharField(max_length=NAME_LENGTH, default="")

    tested_at = models.DateTimeField(null=True)
    test_passed = models.BooleanField(null=True)
    test_result = models.TextField(default="")  # one sentence for people

    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key
