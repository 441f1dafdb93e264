"""What the templates of the sync editor need to say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import template

register = template.Library()


@register.filter
def general(wrong: Mapping[str, list[str]]) -> list[str]:
    """Messages about the whole form."""
    return wrong.get("", [])


@register.filter
def upto(options: Sequence[Any], count: int) -> Sequence[Any]:
    """The first so many options."""
    return options[:count]


@register.filter(name="json")
def as_json(value: Any) -> str:
    """A value of the project file as it would be written in one line; text without quotes."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
