from __future__ import annotations

import argparse
import sys
import time

from headcount.control.setup import configure

configure("headcount.serving.settings")


def main(arguments: list[str] | None = None) -> int:
    from tests.chaos import figures
    from tests.chaos.play import play

    chosen = _parser().parse_args(arguments)
    if chosen.figures:
        print(figures.measured())
        return 0
    seed = chosen.seed if chosen.seed is not None else int(time.time())
    ending = play(rounds=chosen.rounds, seed=seed)
    print(ending)
    return 1 if ending.wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Workers in trouble.")
    parser.add_argument("--rounds", type=int, default=10, help="of 25 seconds each")
    parser.add_argument("--seed", type=int, help="of the dice; printed at the end")
    parser.add_argument("--figures", action="store_true", help="measure takeover, overhead and idle cost")
    return parser


if __name__ == "__main__":
    sys.exit(main())
