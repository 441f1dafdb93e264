"""The table of what Customer.io can receive. A new object is a file and a line here."""

from __future__ import annotations

from headcount.destinations.base import DestinationObject
from headcount.destinations.customerio.event import Event
from headcount.destinations.customerio.person import Person
from headcount.errors import ConfigurationError

OBJECTS: dict[str, DestinationObject] = {"person": Person(), "event": Event()}


def destination_object(name: str) -> DestinationObject:
    """The object called ``name``. Raises ``ConfigurationError``."""
    if name not in OBJECTS:
        raise ConfigurationError(
            f"Customer.io has no object {name}.", hint=f"Choose one of {', '.join(OBJECTS)}."
        )
    return OBJECTS[name]
