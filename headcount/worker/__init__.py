"""Executes the runs that pages, the API and schedules have queued.

The run row in the control store is the truth. DBOS keeps a durable queue of attempts beside it and hands each to one
worker; a sweeper puts there what the rows ask for. Losing DBOS's tables loses nothing.
"""

from headcount.worker.worker import Worker

__all__ = ["Worker"]
