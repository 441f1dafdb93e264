"""A form that shows what the service has to say about what was typed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, TypeVar

from django import forms

from headcount.errors import ConfigurationError

Made = TypeVar("Made")


class ToldForm(forms.Form):
    """``beside`` says beside which field a kind of complaint is shown; others stand above the form."""

    beside: ClassVar[Mapping[type[ConfigurationError], str]] = {}

    def tried(self, deed: Callable[[], Made]) -> Made | None:
        """Do it and answer what came of it; None when the service refused, and the form says why."""
        try:
            return deed()
        except ConfigurationError as error:
            field = next((name for kind, name in self.beside.items() if isinstance(error, kind)), None)
            self.add_error(field, str(error))
            return None
