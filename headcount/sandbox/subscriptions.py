"""Subscription topics: the object replaces them all, a dotted name touches one."""

from typing import Any

NAME = "cio_subscription_preferences"
DOTTED = f"{NAME}."


def updated(have: dict[str, Any], name: str, value: Any) -> tuple[str, Any]:
    """The attribute to store instead of a dotted one: the whole object with one part changed."""
    whole = have.get(NAME)
    return NAME, _with(whole if isinstance(whole, dict) else {}, name.split(".")[1:], value)


def _with(tree: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    first, *rest = path
    if not rest:
        return {**tree, first: value}
    below = tree.get(first)
    return {**tree, first: _with(below if isinstance(below, dict) else {}, rest, value)}
