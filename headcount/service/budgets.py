"""Where a workspace's budget is kept: with the control store, so that all who share that share it too."""

from __future__ import annotations

from headcount.control.database import postgresql_url
from headcount.home import Home
from headcount.limiter import FileLimiter, Limiter


def limiter(home: Home, name: str, requests_per_second: float | None, *, yields: bool = False) -> Limiter:
    """The budget called ``name``: of this machine, or of all machines on one PostgreSQL.

    One that ``yields`` lets those go first that do not.
    """
    if url := postgresql_url():
        from headcount.postgresql.budget import PostgreSQLLimiter

        return PostgreSQLLimiter(url, name, requests_per_second, yields=yields)
    return FileLimiter(home.limits / name, requests_per_second, yields=yields)
