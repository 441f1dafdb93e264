"""What stood in a form that its buttons redraw, until it is saved."""

from __future__ import annotations

from django.db import models

from headcount.control.models.user import User


class FormStep(models.Model):
    """One press of a button of such a form; ``name`` stands in its address.

    ``sealed`` is the form, encrypted. ``trail`` is what all steps of one form have in common, or empty.
    """

    name = models.CharField(max_length=16, unique=True)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="steps")
    trail = models.CharField(max_length=16, default="")
    sealed = models.TextField()
    size = models.IntegerField()  # characters of it
    counted = models.TextField(
        default=""
    )  # what its page counted, so that it need not count again; encrypted
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name
