"""Tells Django what this package is called."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "headcount.web"
    label = "web"
