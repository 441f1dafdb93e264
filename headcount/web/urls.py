"""Every address of the pages: each part of the site brings its own."""

from __future__ import annotations

from django.urls import URLPattern

from headcount.web.views import (
    activity,
    alerts,
    connections,
    home,
    log,
    models,
    people,
    plans,
    records,
    rejected,
    runs,
    settings,
    signing_in,
    sync_deeds,
    sync_editor,
    syncs,
    webhooks,
)

urlpatterns: list[URLPattern] = [
    *home.routes,
    *signing_in.routes,
    *connections.routes,
    *models.routes,
    *settings.routes,
    *people.routes,
    *alerts.routes,
    *webhooks.routes,
    *runs.routes,
    *activity.routes,
    *sync_editor.routes,
    *sync_deeds.routes,
    # Of what begins with syncs/ these come last, for any word may be a key.
    *plans.routes,
    *rejected.routes,
    *records.routes,
    *log.routes,
    *syncs.routes,
]
