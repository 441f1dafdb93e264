"""Every type of connection there is, and the fields each has: the sources' from their engines, and
Customer.io's.
"""

from __future__ import annotations

from dataclasses import dataclass

from headcount.engines import ENGINES, Field

BUDGET = "budget"  # beside the declared fields: how fast a workspace may be written to


@dataclass(frozen=True, kw_only=True)
class ConnectionKind:
    """``models`` are the ways a model of this source may name its rows, ``dialect`` is that of its SQL as sqlglot names
    it; both empty for destinations.

    ``guide`` says what to have at hand before the fields are filled in.
    """

    name: str
    label: str
    role: str  # "source" or "destination"
    fields: tuple[Field, ...]
    models: tuple[str, ...] = ()
    dialect: str = ""
    guide: str = ""

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields if field.secret)


CUSTOMERIO = ConnectionKind(
    name="customerio",
    label="Customer.io",
    role="destination",
    fields=(
        Field(name="site_id", label="Site ID", required=True, help="From Tracking API Keys."),
        Field(
            name="api_key",
            label="API Key",
            required=True,
            secret=True,
            help="From Tracking API Keys: the one in the same row as the Site ID, not the App API Key.",
        ),
        Field(
            name="app_api_key",
            label="App API Key",
            secret=True,
            help="Lets Headcount read: names of workspaces, and which people exist. "
            "From App API Keys, on the same page.",
        ),
        Field(
            name="region",
            label="Region",
            choices=("us", "eu"),
            help="Found out from the credentials when left out.",
            advanced=True,
        ),
        Field(
            name="base_url",
            label="Base URL",
            help="The sandbox or a proxy in Customer.io's place.",
            advanced=True,
            address=True,
            guards=True,
        ),
        Field(
            name="app_base_url",
            label="App API base URL",
            help="Only when it differs from the base URL.",
            advanced=True,
            address=True,
            guards=True,
        ),
    ),
    guide=(
        "In Customer.io, click your name (top right) > Account Settings > API Credentials > Create New API "
        "Credentials. Give a name, choose the workspace and save: the list shows Site ID and API Key. The page is "
        "https://fly.customer.io/settings/api_credentials. Each workspace has credentials of its own, so make one "
        "connection for each workspace and name it like the workspace."
    ),
)

KINDS: dict[str, ConnectionKind] = {
    **{
        engine.name: ConnectionKind(
            name=engine.name,
            label=engine.label,
            role="source",
            fields=engine.fields,
            models=engine.models,
            dialect=engine.dialect,
            guide=engine.guide,
        )
        for engine in ENGINES.values()
    },
    CUSTOMERIO.name: CUSTOMERIO,
}
