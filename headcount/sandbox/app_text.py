"""The App API gives every attribute as a string."""

from headcount.sandbox import wire


def text(value: wire.Json) -> str:
    """Strings as they are; numbers, booleans and JSON values as encoded JSON."""
    return value if isinstance(value, str) else wire.text(value)
