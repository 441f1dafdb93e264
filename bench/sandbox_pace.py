"""How many batches of 500 KB a second the sandbox takes, with the sender on the same machine.

python bench/sandbox_pace.py [--sink] [--seconds 5] [--fresh]: three threads send ready-made bodies of about
2,000 people with nine attributes; --fresh makes most people new ones, otherwise the same 49,000 come again.
"""

import argparse
import itertools
import subprocess
import sys
import threading
import time
from typing import Any

import orjson
import urllib3

from headcount.sandbox.seed import PRODUCTION

LIMIT = 499_990
THREADS = 3


def person(number: int) -> dict[str, Any]:
    attributes = {
        "email": f"user{number}@example.com",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "plan": "pro" if number % 3 == 0 else "free",
        "ltv": number % 1000 + 0.5,
        "city": "London",
        "created_at": 1_700_000_000 + number,
        "active": True,
        "logins": number % 77,
    }
    return {
        "type": "person",
        "identifiers": {"id": str(number)},
        "action": "identify",
        "attributes": attributes,
    }


def bodies(count: int) -> list[bytes]:
    numbers = itertools.count()
    made = []
    for _ in range(count):
        items, size = [], 20
        while size < LIMIT - 300:
            items.append(person(next(numbers)))
            size += len(orjson.dumps(items[-1])) + 1
        made.append(orjson.dumps({"batch": items}))
    return made


def send(url: str, ready: list[bytes], turns: "itertools.count[int]", until: float) -> None:
    headers = urllib3.make_headers(basic_auth=f"{PRODUCTION.site_id}:{PRODUCTION.api_key}")
    pool = urllib3.PoolManager()
    while time.monotonic() < until:
        body = ready[next(turns) % len(ready)]
        response = pool.request("POST", f"{url}/api/v2/batch", body=body, headers=headers)
        assert response.status == 200, response.data


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sink", action="store_true")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--seconds", type=float, default=5)
    chosen = parser.parse_args()
    ready = bodies(200 if chosen.fresh else 24)
    command = [sys.executable, "-m", "headcount.sandbox", "--port", "0", *(["--sink"] if chosen.sink else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        url = process.stdout.readline().split()[-1]
        turns, began = itertools.count(), time.monotonic()
        arguments = (url, ready, turns, began + chosen.seconds)
        threads = [threading.Thread(target=send, args=arguments) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        requests = next(turns)
        print(f"{requests / (time.monotonic() - began):.0f} requests of {len(ready[0]):,} bytes a second")
        process.terminate()


if __name__ == "__main__":
    main()
