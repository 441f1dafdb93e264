"""What ended a run, as one word that programs can tell apart."""

from __future__ import annotations

import re

from headcount.errors import HeadcountError

UNNAMED = "RUN_FAILED"  # no kind of error of its own


def error_code(error: HeadcountError) -> str:
    """The nearest class of ``headcount.errors`` in capitals.

    >>> from headcount.errors import CredentialsRefused
    >>> error_code(CredentialsRefused("No."))
    'CREDENTIALS_REFUSED'
    """
    known = next(kind for kind in type(error).__mro__ if kind.__module__ == HeadcountError.__module__)
    if known is HeadcountError:
        return UNNAMED
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", known.__name__).upper()
