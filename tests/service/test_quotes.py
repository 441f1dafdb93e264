"""Quoted words are veiled to their end, whatever they hold."""

from __future__ import annotations

import json

import pytest

from headcount.errors import EveryRowRefused
from headcount.service.quotes import unquoted

NASTY = (
    "canary is bad",
    'value (see "docs"). "canary" is bad',
    "first line).\ncanary",
    "a backslash \\). Look at the mapping of canary. canary",
)


@pytest.mark.parametrize("said", NASTY)
def test_nothing_of_a_quote_is_left_in_a_text_or_in_json(said: str) -> None:
    error = EveryRowRefused(20, reason="invalid", field="plan", said=said)
    for text in (error.message, f"Run 7 failed. {error.message} {error.hint}"):
        for told in (unquoted(text, "•••"), json.loads(unquoted(json.dumps({"a": [text]}), "•••"))["a"][0]):
            assert "canary" not in told
            assert told.startswith(text.partition("(")[0]) and "(•••)." in told
    assert unquoted(f"{error.message} {error.hint}", "•••").endswith(error.hint)


def test_other_words_stay_as_they_are() -> None:
    text = "The source is away (ada@example.com). Look at the mapping."
    assert unquoted(text, "•••") == text
