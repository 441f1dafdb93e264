"""Where a Customer.io account lives: the United States or Europe, each with two hosts of its own."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from headcount.errors import ConfigurationError

TRACK = {"us": "https://track.customer.io", "eu": "https://track-eu.customer.io"}
APP = {"us": "https://api.customer.io", "eu": "https://api-eu.customer.io"}


def checked_region(region: str | None) -> str | None:
    """``us`` or ``eu`` in any spelling of case; None and empty mean: find out."""
    if not region or not region.strip():
        return None
    if (name := region.strip().lower()) in TRACK:
        return name
    raise ConfigurationError(f"The region {name!r} is unknown.", hint="Use us or eu, or leave it out.")


def checked_url(url: str | None) -> str | None:
    """A base address without trailing slash and API path, so that people may paste either."""
    if not url or not url.strip():
        return None
    parts = _split(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            "The base URL is no web address.", hint="It looks like http://localhost:8090."
        )
    if parts.username is not None or parts.query or parts.fragment:
        raise ConfigurationError("The base URL must not carry credentials, a query or a fragment.")
    path = parts.path.rstrip("/")
    for tail in ("/api/v1", "/api/v2", "/v1"):
        path = path.removesuffix(tail)
    return f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # a port that is no number is noticed here and nowhere earlier
    except ValueError:
        raise ConfigurationError("The base URL cannot be read.") from None
    return parts


def region_of(url: str, hosts: dict[str, str]) -> str | None:
    """Which region an address belongs to, if it is one of Customer.io's own ``hosts``."""
    parts = urlsplit(url)
    return next((name for name, host in hosts.items() if host == f"{parts.scheme}://{parts.netloc}"), None)
