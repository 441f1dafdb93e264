"""Every address of the API."""

from __future__ import annotations

from django.urls import URLPattern, path

from headcount.api.application import api
from headcount.api.document import docs, document
from headcount.api.trouble import not_found, with_method_told

# They are made anew whenever they are asked for.
_routes = [each for each in api.urls[0] if isinstance(each, URLPattern)]
for each in _routes:
    each.callback = with_method_told(each.callback)

# Who may call a route is said by the route itself, and who may see the document by its view.
by_token: list[URLPattern] = [
    path("", not_found),
    path("openapi.json", document, name="openapi"),
    *_routes,
    path("<path:rest>", not_found),
]
by_session: list[URLPattern] = [path("docs", docs, name="api-docs")]
