"""Headcount: an open, self-hosted reverse ETL that keeps Customer.io in step with a company's tables."""

__version__ = "0.1.0"
