"""The API as one object: its routes, its limits, and the document that describes it."""

from __future__ import annotations

from ninja import NinjaAPI

from headcount import __version__
from headcount.api import trouble
from headcount.api.bearer import in_the_callers_name
from headcount.api.rate import PerToken
from headcount.api.reading import StrictParser
from headcount.api.routes import (
    alerts,
    connections,
    deeds,
    models,
    people,
    plans,
    records,
    rejected,
    services,
    sync_runs,
    syncs,
    trying,
    watching,
    webhooks,
)

DESCRIPTION = """\
Everything the pages can do. Send a token as `Authorization: Bearer TOKEN`; what it may do follows from its role.
Answers have `status` and `data`, lists also `pagination`; errors have `message`, `hint` and `errors` by field.
"""

ROUTERS = (
    services.router,
    connections.router,
    models.router,
    syncs.router,
    trying.router,
    plans.router,
    sync_runs.router,
    deeds.router,
    records.router,
    rejected.router,
    watching.router,
    alerts.router,
    webhooks.router,
    people.router,
)

api = NinjaAPI(
    title="Headcount",
    version=__version__,
    description=DESCRIPTION,
    urls_namespace="api",
    docs_url=None,  # headcount.api.document serves both, to whoever may look
    openapi_url=None,
    parser=StrictParser(),
    throttle=[PerToken()],
)
api.add_decorator(in_the_callers_name)
trouble.register(api)
for each in ROUTERS:
    api.add_router("", each)
