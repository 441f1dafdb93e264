"""Every address of the pages: each part of the site brings its own."""

from __future__ import annotations

from django.urls import URLPattern

from headcount.web.views import (
    connections,
    home,
    models,
    people,
    settings,
    signing_in,
    sync_deeds,
    sync_editor,
)

urlpatterns: list[URLPattern] = [
    *home.routes,
    *signing_in.routes,
    *connections.routes,
    *models.routes,
    *settings.routes,
    *people.routes,
    *sync_editor.routes,
    *sync_deeds.routes,
]
