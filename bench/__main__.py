"""python -m bench: measure, print the tables, write results.json."""

from __future__ import annotations

import argparse
import sys
import time

from bench import report, sink
from bench.measure import Measured
from bench.measures import EXTRA, FULL, MEASURES, QUICK, WORK, Bench


def main(arguments: list[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    WORK.mkdir(exist_ok=True)
    began = time.monotonic()

    def say(words: str) -> None:
        print(f"{time.monotonic() - began:6.1f}  {words}", flush=True)

    found: list[Measured] = []
    with sink.running(WORK) as far_end:
        bench = Bench(
            scale=QUICK if chosen.quick else FULL, sink=far_end, folder=WORK, say=say, keep=chosen.keep
        )
        for name in chosen.only or MEASURES:
            found += (MEASURES | EXTRA)[name](bench)
    content = report.document(found)
    print(f"\n{report.table(content['results'])}")
    if not chosen.quick:  # so few rows say nothing about speed
        print(f"\n{report.judgement(content['results'])}")
    if chosen.only or chosen.quick:
        print("\nNot all was measured in full: bench/results.json is left as it is.")
    else:
        report.save(content)
        print("\nWritten to bench/results.json and docs/benchmarks.md.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small scale: does everything work?")
    parser.add_argument(
        "--only", action="append", choices=(*MEASURES, *EXTRA), help="may be given several times"
    )
    parser.add_argument("--keep", action="store_true", help="leave homes and states in bench/work to look at")
    return parser


if __name__ == "__main__":
    sys.exit(main())
