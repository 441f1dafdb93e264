"""Everything that is no API: the admin endpoints and the pages."""

from starlette.applications import Starlette

from headcount.sandbox.admin import Admin
from headcount.sandbox.gateway import App, Gateway


def make_site(gateway: Gateway, certificate: str | None) -> App:
    return Starlette(routes=[*Admin(gateway, certificate).routes()])
