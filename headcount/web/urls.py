"""Every address of the pages: each part of the site brings its own."""

from __future__ import annotations

from django.urls import URLPattern

from headcount.web.views import connections, home, models, people, settings, signing_in

urlpatterns: list[URLPattern] = [
    *home.routes,
    *signing_in.routes,
    *settings.routes,
    *people.routes,
    *connections.routes,
    *models.routes,
]
