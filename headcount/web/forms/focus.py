"""Where the keyboard is after a button of the mapping editor: on the row it was about, not at the top of the page."""

from __future__ import annotations

Focus = tuple[str, int]  # the part of a row and the row's number, from 0

_STEPS = {"up": -1, "down": 1, "remove": 0}


def focus_after(verb: str, argument: str, rows: int) -> Focus | None:
    """What to focus once there are so many ``rows``; None for buttons that leave the page where it was."""
    if verb in ("add", "custom", "suggest"):
        return ("text", rows - 1)
    if verb == "map-all":
        return ("map-all", 0)
    if verb in _STEPS and argument.isdecimal():
        return (verb, max(0, min(int(argument) + _STEPS[verb], rows - 1)))
    return None
