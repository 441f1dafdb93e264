"""The OpenAPI document, and a page to read it and try it out. All assets come from this server."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from ninja.errors import AuthenticationError, AuthorizationError

from headcount.api.application import api
from headcount.api.bearer import allowed
from headcount.api.trouble import failure
from headcount.control.models import User
from headcount.service.roles import Deed

DOCUMENT = "/api/v1/openapi.json"

# The badge of an online validator would ask another host.
SETTINGS = {"url": DOCUMENT, "layout": "BaseLayout", "deepLinking": True, "validatorUrl": None}


def document(request: HttpRequest) -> HttpResponse:
    """The document: for programs with a token, and for the page that shows it to people who are signed in."""
    if not (isinstance(request.user, User) or _has_token(request)):
        return failure(401, "This takes a token that Headcount knows.", "Or sign in on the pages.")
    return JsonResponse(api.get_openapi_schema(path_prefix="/api/v1/"))


def _has_token(request: HttpRequest) -> bool:
    try:
        return any(way(request) for way in allowed(Deed.LOOK))
    except (AuthenticationError, AuthorizationError):
        return False


def docs(request: HttpRequest) -> HttpResponse:
    """The page."""
    return render(request, "ninja/swagger.html", {"api": api, "swagger_settings": json.dumps(SETTINGS)})
