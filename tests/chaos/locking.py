"""A process that holds the rows of a sync as ``forget`` does, and does nothing more."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack

from headcount.control.setup import setup
from headcount.service.lines import find_sync
from headcount.service.locks import hold_still

HELD = "held"  # what it says when it has them


def main() -> None:
    home = setup()
    with ExitStack() as locks:
        hold_still(locks, home, find_sync(sys.argv[1]))
        print(HELD, flush=True)
        time.sleep(600)


if __name__ == "__main__":
    main()
