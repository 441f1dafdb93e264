"""What tests start in processes of their own. Imported afresh there, so it makes Django ready by itself."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from typing import Any

from headcount.control.setup import configure, setup

configure()


def outcomes(work: Callable[..., None], arguments: Sequence[tuple[Any, ...]]) -> list[str]:
    """Run ``work`` once for each tuple, all at the same time; an empty text stands for success."""
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[str] = context.Queue()
    processes = [context.Process(target=_answering, args=(answers, work, one)) for one in arguments]
    for process in processes:
        process.start()
    said = [answers.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    return said


def _answering(answers: multiprocessing.Queue[str], work: Callable[..., None], one: tuple[Any, ...]) -> None:
    try:
        setup()
        work(*one)
        answers.put("")
    except Exception as error:
        answers.put(repr(error))


def write_an_audit_line() -> None:
    from headcount.control.models import Audit

    Audit.objects.create(actor="a", action="b", what="c")


def write_a_ledger(run_id: int) -> None:
    from headcount.control.ledger import RunLedger
    from headcount.model import Receipt
    from tests.control.sample import batch

    with RunLedger(run_id) as ledger:
        for number in range(100):
            ledger.save_intents([batch(number, 1)])
            ledger.save_receipts([Receipt(first=number, last=number)])


def apply_often(text: str) -> None:
    from headcount.errors import ConfigurationError
    from headcount.project.reading import read_project
    from headcount.service.applying import apply, outlook

    for _ in range(10):
        try:
            apply(outlook(read_project(text)))
        except ConfigurationError as error:
            assert "The configuration was changed" in error.message
