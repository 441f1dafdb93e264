"""Every address of the pages: each part of the site brings its own."""

from __future__ import annotations

from django.urls import URLPattern

from headcount.web.views import activity, home, log, plans, records, rejected, runs, signing_in, syncs

urlpatterns: list[URLPattern] = [
    *home.routes,
    *signing_in.routes,
    *runs.routes,
    *activity.routes,
    # Of what begins with syncs/ these come last, for any word may be a key.
    *plans.routes,
    *rejected.routes,
    *records.routes,
    *log.routes,
    *syncs.routes,
]
