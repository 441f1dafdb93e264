"""Nothing is told of rows by which masked values could be guessed: not what a query says when it fails, and not how
many rows it finds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from headcount.control.trouble import told
from headcount.errors import ConfigurationError, SourceError, SourceUnavailable
from headcount.model import Model
from headcount.service.masking import Mask, mask_of


@contextmanager
def discreet(model: Model) -> Iterator[None]:
    """Errors from inside do not repeat what the source said of a query that may show masked columns: a query can make
    it say a value.
    """
    try:
        yield
    except SourceError as error:
        if not isinstance(error, SourceUnavailable):
            with told():
                hidden = mask_of(model).whole
            if hidden:
                error.message = (
                    f"The source could not read {model.name or 'the model'}; what it said is not shown."
                )
                error.hint = (
                    "Its SQL may show masked columns, so its words might. The command line shows them: "
                    "headcount preview."
                )
        raise


def refuse_hidden(model: Model, mask: Mask) -> None:
    """Raises ``ConfigurationError`` for a model of which no row may be shown: their number alone would tell."""
    if mask.whole:
        raise ConfigurationError(
            f"No row of {model.name or 'the model'} is shown: its SQL may show masked columns under another name, or "
            "tell them by comparison.",
            hint="It is sent as ever. A SELECT of columns as they are, from tables as they are, is shown.",
        )
