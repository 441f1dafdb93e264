"""The root of all addresses."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from headcount.api import urls as api
from headcount.service.roles import Deed
from headcount.serving import watch
from headcount.web.access import asks_nobody, open_to_all, takes
from headcount.web.trouble import failed, forbidden, not_found, unacceptable
from headcount.web.urls import urlpatterns as pages

# The API knows callers by their tokens, route by route; only the page about it is a page, and the document is for both.
for each in api.by_token:
    (open_to_all if each.name == "openapi" else asks_nobody)(each.callback)
for each in api.by_session:
    takes(Deed.LOOK)(each.callback)

urlpatterns: list[URLPattern | URLResolver] = [
    *pages,
    *watch.routes,
    path("api/v1/", include([*api.by_session, *api.by_token])),
]

handler400 = unacceptable
handler403 = forbidden
handler404 = not_found
handler500 = failed
