"""What the program writes down while it works: a closed list of events, and how their lines look."""

from headcount.logs.event import Event, note

__all__ = ["Event", "note"]
