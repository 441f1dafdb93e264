"""Where news of runs go, and each message on its way there."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from headcount.control.models.connection import KEY_LENGTH, NAME_LENGTH
from headcount.control.models.run import Run


def new_uid() -> str:
    return uuid.uuid4().hex


class Outlet(models.Model):
    """A place outside. Its address holds passwords as a rule, so it is kept encrypted and never shown."""

    class Kind(models.TextChoices):
        CHANNEL = "channel"  # of alerts, for people: an address that apprise knows
        WEBHOOK = "webhook"  # of all news, for programs: signed requests

    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=NAME_LENGTH)
    shows = models.CharField(max_length=300)  # what may be seen of it: the service, or scheme and host
    ciphertext = models.TextField()  # JSON with url and, for a webhook, the secrets that sign
    events = models.JSONField(default=list)  # those a webhook wants; none: all
    created_at = models.DateTimeField(auto_now_add=True)
    rotated_at = models.DateTimeField(null=True)  # since then older secrets sign too; none: there is one

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="one_outlet")]

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One message to one outlet. It is written in the transaction of what it tells, and sent by a worker later."""

    class Status(models.TextChoices):
        WAITING = "waiting"  # until ``due_at``, which is also how long the one who sends it has it alone
        SENT = "sent"
        FAILED = "failed"  # tried often enough

    uid = models.CharField(max_length=32, unique=True, default=new_uid)
    outlet = models.ForeignKey(Outlet, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.CharField(max_length=30)
    sync = models.CharField(max_length=KEY_LENGTH, default="")  # its key
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="+")
    body = models.TextField()  # of a webhook what is sent, of a channel JSON with title, body and type
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    tries = models.IntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    error = models.CharField(max_length=300, default="")  # of the last try, in words of ours
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["status", "due_at"], name="delivery_due"),
            models.Index(fields=["outlet", "-id"], name="delivery_of_outlet"),
            models.Index(fields=["outlet", "status"], name="delivery_by_status"),
        ]

    def __str__(self) -> str:
        return self.uid
