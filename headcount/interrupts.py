"""Ctrl-C in the middle of a statement of DuckDB, which gives it a name of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

WORDS = "Query interrupted"  # DuckDB found that a signal's handler had raised; it keeps no cause


@contextmanager
def telling_interrupts() -> Iterator[None]:
    """Inside, a statement that ends because of a signal raises ``KeyboardInterrupt``."""
    try:
        yield
    except RuntimeError as error:
        if str(error) != WORDS:
            raise
        raise KeyboardInterrupt from None
