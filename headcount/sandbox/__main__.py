"""python -m headcount.sandbox: the sandbox as a process of its own."""

import argparse
from pathlib import Path

from headcount.sandbox.server import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m headcount.sandbox", description="A local Customer.io.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8026, help="0 takes a free port")
    parser.add_argument("--tls", action="store_true", help="serve https with a certificate made on the spot")
    parser.add_argument("--state", type=Path, help="keep everything in this file")
    parser.add_argument("--sink", action="store_true", help="check and count, but keep nothing")
    chosen = parser.parse_args()
    serve(chosen.host, chosen.port, tls=chosen.tls, state=chosen.state, sink=chosen.sink)


if __name__ == "__main__":
    main()
