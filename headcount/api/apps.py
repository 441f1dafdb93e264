"""Tells Django what this package is called."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "headcount.api"
    label = "api"
