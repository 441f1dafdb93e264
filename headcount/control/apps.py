"""Tells Django what this package is called."""

from __future__ import annotations

from django.apps import AppConfig


class ControlConfig(AppConfig):
    name = "headcount.control"
    label = "control"
