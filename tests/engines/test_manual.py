"""The manual of sources names every kind, field and choice there is."""

from __future__ import annotations

from pathlib import Path

from headcount.engines import ENGINES

MANUAL = Path(__file__).parents[2] / "docs" / "sources.md"


def test_every_kind_field_and_choice_stands_in_the_manual() -> None:
    words = MANUAL.read_text()
    for engine in ENGINES.values():
        assert f"`{engine.name}`" in words
        for field in engine.fields:
            assert f"`{field.name}`" in words, (engine.name, field.name)
            for choice in field.choices:
                assert f"`{choice}`" in words, (engine.name, field.name, choice)
