"""Times for people: how long ago, with the exact time on hover."""

import datetime as dt
import time

from headcount.sandbox.pages.markup import Markup, tag

STEPS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def ago(unix: float) -> Markup:
    exact = dt.datetime.fromtimestamp(unix, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    passed = time.time() - unix
    return tag("time", _words(passed), datetime=exact.replace(" UTC", "Z").replace(" ", "T"), title=exact)


def _words(passed: float) -> str:
    size, name = next((step for step in STEPS if abs(passed) >= step[0]), STEPS[-1])
    count = int(abs(passed) // size)
    if count == 0:
        return "now"
    words = f"{count} {name}" + ("s" if count != 1 else "")
    return f"{words} ago" if passed >= 0 else f"in {words}"
