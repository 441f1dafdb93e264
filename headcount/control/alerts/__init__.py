"""Alerts: what is worth telling about a run, when it is told, and when it is over."""
