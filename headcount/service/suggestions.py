"""Which fields a sync could fill: those that mean something to the destination, and those seen there."""

from __future__ import annotations

from dataclasses import dataclass

from headcount.amounts import amount
from headcount.control.models import Connection
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.delivery import ask
from headcount.destinations.customerio.client import READS_PER_SECOND
from headcount.destinations.customerio.objects import destination_object
from headcount.errors import ConfigurationError
from headcount.model import RetryPolicy
from headcount.service.budgets import limiter
from headcount.service.lines import client_for

SAMPLE = 100  # profiles that are looked at; what a hundred people do not have is seldom what one looks for


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """One field. ``type`` is the type Customer.io wants, ``auto`` where it takes any; ``why`` is a short sentence."""

    to: str
    type: str
    why: str


def declared_fields(object_: str, identifier: str) -> tuple[Suggestion, ...]:
    """The fields of an object that mean something to the destination, without the identifier."""
    declared = destination_object(object_).suggested_fields
    return tuple(
        Suggestion(
            to=field, type=destination_object(object_).declared_type("attributes", field).value, why=why
        )
        for field, why in declared.items()
        if field != identifier
    )


@told()
def seen_fields(connection: str) -> tuple[Suggestion, ...]:
    """Attributes that people of the workspace have, most frequent first, from a sample read with the App API Key.

    Takes two requests within the App API's rate. No value leaves this function.

    Raises ``ConfigurationError`` for a connection without such a key; ``CredentialsRefused``, ``DestinationError``.
    """
    row = Connection.objects.filter(key=connection).first()
    if row is None or not row.settings.get("app_api_key"):
        raise ConfigurationError(
            "Seeing which attributes the workspace has needs an App API Key.",
            hint="Add one to the connection, or type the names.",
        )
    client = client_for(row)
    budget = limiter(setup(), f"{row.environment_id or row.key}-app", READS_PER_SECOND)
    retry = RetryPolicy(attempts=2)
    try:
        people = ask(lambda: client.some_people(SAMPLE), budget, retry) or ()
        counted = ask(lambda: client.attribute_names(people), budget, retry) or {}
    finally:
        client.close()
        budget.close()
    names = sorted(counted, key=lambda name: (-counted[name], name))
    have = amount(len(people), "person has", "people have")
    return tuple(Suggestion(to=name, type="auto", why=f"{counted[name]} of {have} it") for name in names)
