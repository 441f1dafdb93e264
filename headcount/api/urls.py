"""Every address of the API."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from headcount.api.application import api
from headcount.api.document import docs, document
from headcount.api.trouble import not_found

# Who may call a route is said by the route itself, and who may see the document by its view.
by_token: list[URLPattern | URLResolver] = [
    path("", not_found),
    path("openapi.json", document, name="openapi"),
    *api.urls[0],
    path("<path:rest>", not_found),
]
by_session = [path("docs", docs, name="api-docs")]
