"""What is at the other end of connections, and whether clocks agree. Only when asked for: it takes a while."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import urllib3

from headcount.control.models import Connection
from headcount.control.trouble import told
from headcount.errors import HeadcountError
from headcount.service.connections import list_connections, test_connection
from headcount.service.doctor.finding import Finding, attention, failed, ok

TOLERATED = timedelta(seconds=30)  # an answer's time is told in whole seconds, and travels


def reachable() -> Iterator[Finding]:
    """Does every connection answer well?"""
    for info in list_connections():
        try:
            report = test_connection(info.key)
        except HeadcountError as error:
            yield failed(f"connection {info.key}", error.message, error.hint)
            continue
        if report.passed:
            yield ok(f"connection {info.key}", report.message)
        else:
            yield failed(f"connection {info.key}", report.message, report.hint)


def clocks() -> Iterator[Finding]:
    """Does this machine's clock agree with the destinations'? Times of events come from here."""
    with told():
        rows = list(Connection.objects.filter(type="customerio").exclude(url=""))
    for url in dict.fromkeys(row.url for row in rows):
        skew = _skew(url)
        if skew is None:
            yield attention("clock", f"{url} did not tell its time.", "Compare this machine's clock by hand.")
        elif abs(skew) > TOLERATED:
            ahead = "ahead of" if skew > timedelta() else "behind"
            message = f"This machine is {abs(skew).total_seconds():.0f} s {ahead} {url}."
            yield attention("clock", message, "Let it keep the time with NTP.")
        else:
            yield ok("clock", f"agrees with {url}")


def _skew(url: str) -> timedelta | None:
    """How far this machine is ahead; None when the other side does not say. No credentials are sent."""
    try:
        answer = urllib3.request("GET", url, timeout=5.0, retries=False, redirect=False)
        there = parsedate_to_datetime(answer.headers["Date"])
    except (urllib3.exceptions.HTTPError, KeyError, ValueError):
        return None
    return datetime.now(UTC) - there
