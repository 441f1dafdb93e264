"""What each sync's triggers have seen."""

from __future__ import annotations

from django.db import models

from headcount.control.models.sync import Sync


class Timetable(models.Model):
    """One row for each sync with triggers; made anew when they change or the sync was paused.

    ``said`` is what the triggers said when the rest was found out. ``seen`` holds, for each trigger that waits for
    something, what it has seen of it. ``turn`` counts up, so that of several workers one alone acts on a change.
    """

    sync = models.OneToOneField(Sync, on_delete=models.CASCADE, related_name="timetable")
    said = models.TextField()
    due_at = models.DateTimeField(null=True)  # the next time of the schedule, if there is one
    seen = models.JSONField(default=dict)
    turn = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.sync_id}: {self.due_at}"
