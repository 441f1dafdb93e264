"""What outlives a sync: the names under which its past is known."""

from __future__ import annotations

import uuid

from django.db import models

from headcount.control.models.connection import KEY_LENGTH


def new_id() -> str:
    return uuid.uuid4().hex


class Stream(models.Model):
    """One row for each key that ever named a sync; never deleted.

    ``stream_id`` is what the ids of events are derived from. A sync that is re-created under the same key
    adopts it, so events it sends again are known to the workspace. ``state_id`` names what was
    acknowledged, in ``state_in``.
    """

    class Place(models.TextChoices):
        FILE = "file"  # of the machine that runs the sync
        POSTGRESQL = "postgresql"  # of the control store, where every machine reaches it

    key = models.CharField(max_length=KEY_LENGTH, unique=True)
    stream_id = models.CharField(max_length=32, default=new_id)
    state_id = models.CharField(max_length=32, default=new_id)
    state_in = models.CharField(max_length=12, choices=Place.choices, default=Place.FILE)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.key
