"""The sample company: a bicycle shop with some hundred customers, their orders, and a dozen rows gone wrong.

Made by a seeded generator, so that every demonstration tells the same story.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

CUSTOMERS = 400
ORDERS = 3_000
TODAY = datetime(2026, 11, 1, tzinfo=UTC)

_FIRST = (
    "Ada Ben Chloé Dimitri Elif Femi Greta Hiro Inés Jonas Kaia Liam Mei Noor Oskar Priya Quinn Rosa".split()
)
_LAST = "Abel Brandt Costa Diaz Ekholm Fischer Grau Hansen Ito Jensen Kaya Lund Moreau Novak Okafor Petit Rossi".split()
_CITIES = ("Aarhus", "Bologna", "Çeşme", "Dublin", "Évora", "Freiburg", "Ghent")
_PLANS = ("free", "free", "free", "pro", "team")
_GOODS = (("City bike", 799.0), ("Helmet", 59.5), ("Lights", 24.9), ("Tune-up", 45.0), ("Child seat", 119.0))

_CUSTOMER_COLUMNS = """
    id VARCHAR, email VARCHAR, first_name VARCHAR, last_name VARCHAR, plan VARCHAR, city VARCHAR,
    lifetime_value DECIMAL(10, 2), signed_up VARCHAR, unsubscribed VARCHAR, bio VARCHAR, bikes VARCHAR
"""
_ORDER_COLUMNS = "order_id VARCHAR, customer_id VARCHAR, what VARCHAR, total VARCHAR, ordered_at VARCHAR"


def create_company(path: Path) -> None:
    """Write the company's database (DuckDB), replacing one that is there."""
    path.unlink(missing_ok=True)
    chance = random.Random(1898)  # the year the sample shop says it was founded
    with duckdb.connect(str(path)) as database:
        database.execute(f"CREATE TABLE customers ({_CUSTOMER_COLUMNS})").fetchall()
        database.execute(f"CREATE TABLE orders ({_ORDER_COLUMNS})").fetchall()
        customers = [_customer(chance, number) for number in range(1, CUSTOMERS + 1)]
        _insert(database, "customers", [*customers, *_bad_customers()])
        _insert(database, "orders", [*_orders(chance), *_bad_orders()])


def change_company(path: Path) -> None:
    """A day passes: upgrades, a move, a new customer, some new orders, and one bad row is mended."""
    chance = random.Random(1899)
    with duckdb.connect(str(path)) as database:
        for statement in (
            "UPDATE customers SET plan = 'pro', lifetime_value = lifetime_value + 99 WHERE id IN ('7', '42', '108')",
            "UPDATE customers SET city = 'Lisbon' WHERE id = '23'",
            "UPDATE customers SET bikes = NULL WHERE id = '1'",
            "UPDATE customers SET bio = 'Writes shorter now.' WHERE id = '901'",
        ):
            database.execute(statement).fetchall()
        newcomer = _customer(chance, CUSTOMERS + 1)
        _insert(database, "customers", [newcomer])
        _insert(database, "orders", [_order(chance, ORDERS + number) for number in range(1, 6)])


def _insert(database: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]]) -> None:
    marks = ", ".join("?" for _ in rows[0])
    database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def _customer(chance: random.Random, number: int) -> tuple[Any, ...]:
    first, last = chance.choice(_FIRST), chance.choice(_LAST)
    signed_up = TODAY - timedelta(days=chance.randrange(1, 2000), seconds=chance.randrange(86_400))
    return (
        str(number),
        f"{first}.{last}.{number}@example.com".lower(),
        first,
        last,
        chance.choice(_PLANS),
        chance.choice(_CITIES),
        round(chance.uniform(0, 4000), 2),
        signed_up.isoformat(),
        chance.choice(("no", "no", "no", "yes")),
        f"{first} rides to work." if chance.random() < 0.5 else None,
        '[{"kind": "city", "gears": 7}]' if chance.random() < 0.3 else None,
    )


def _bad_customers() -> list[tuple[Any, ...]]:
    """What real tables hold: missing and repeated ids, wrong dates and flags, texts too long to be taken."""
    day = "2026-10-01"

    def row(id_: str | None, **wrong: Any) -> tuple[Any, ...]:
        usual: dict[str, Any] = {
            "id": id_, "email": f"customer{id_}@example.com", "first": "Kim", "last": "Doe", "plan": "free",
            "city": "Ghent", "value": 10, "signed_up": day, "unsubscribed": "no", "bio": None, "bikes": None,
        }  # fmt: skip
        return tuple({**usual, **wrong}.values())

    return [
        row(None),
        row(""),
        row("880", email="one@example.com"),
        row("880", email="two@example.com"),
        row("881", email="not an address"),
        row("882", signed_up="1790812800000"),
        row("883", signed_up="soon"),
        row("884", unsubscribed="perhaps"),
        row("885", city="Gh\x00ent"),
        row("9" * 151),
        row("886", bikes='[{"kind": "city"', bio="The JSON of the bikes is cut short."),
        row("901", bio="Tells long stories. " * 60),
        row("902", bio="Né à Évora; " * 90),
    ]


def _orders(chance: random.Random) -> Iterator[tuple[Any, ...]]:
    for number in range(1, ORDERS + 1):
        yield _order(chance, number)


def _order(chance: random.Random, number: int) -> tuple[Any, ...]:
    what, price = chance.choice(_GOODS)
    at = TODAY - timedelta(days=chance.randrange(1, 400), seconds=chance.randrange(86_400))
    return (f"o-{number}", str(chance.randrange(1, CUSTOMERS + 1)), what, f"{price:.2f}", at.isoformat())


def _bad_orders() -> list[tuple[Any, ...]]:
    return [
        (None, "1", "Helmet", "59.50", "2026-10-01"),
        ("o-twice", "2", "Lights", "24.90", "2026-10-01"),
        ("o-twice", "2", "Lights", "24.90", "2026-10-02"),
        ("o-nobody", None, "Tune-up", "45.00", "2026-10-01"),
        ("o-price", "3", "City bike", "n/a", "2026-10-01"),
    ]
