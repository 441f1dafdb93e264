"""One request and its retries, within the budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from headcount.amounts import amount
from headcount.delivery.copyist import Copyist
from headcount.delivery.halt import Halt
from headcount.destinations.base import Answer, Client
from headcount.errors import DestinationError, HeadcountError, TransientError
from headcount.limiter import Limiter
from headcount.model import Exchange, RetryPolicy

TOLD = 5  # different complaints of one answer that are noted


@dataclass
class Usage:
    """What one batch has cost so far."""

    requests: int = 0
    bytes: int = 0
    exchanges: list[Exchange] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The answer to a request, or None when the delivery came to a halt before there was one.

    ``doubt``: an attempt without a readable answer may have been applied.
    """

    answer: Answer | None
    doubt: bool


class _Call:
    """A request that is on its way."""

    def __init__(self, body: bytes, *, attempt: int, items: int, copyist: Copyist) -> None:
        self._known: dict[str, int] = {"attempt": attempt, "items": items, "bytes": len(body)}
        self._body = body
        self._copyist = copyist
        self._at = datetime.now(UTC)
        self._began = time.monotonic()

    def answered(self, answer: Answer) -> Exchange:
        errors = tuple(dict.fromkeys((e.field, e.reason, e.message) for e in answer.errors))[:TOLD]
        said = self._copyist.answer(answer.body)
        return self._over(status=answer.status, complaints=len(answer.errors), errors=errors, answer=said)

    def failed(self, error: HeadcountError) -> Exchange:
        said = error.answered
        return self._over(
            status=said.status if said else None,
            complaints=0,
            errors=(("", "", error.message),),
            answer=self._copyist.answer(said.body) if said else "",
        )

    def _over(
        self,
        *,
        status: int | None,
        complaints: int,
        errors: tuple[tuple[str, str, str], ...],
        answer: str = "",
    ) -> Exchange:
        return Exchange(
            at=self._at,
            seconds=time.monotonic() - self._began,
            status=status,
            complaints=complaints,
            errors=errors,
            request=self._copyist.request(self._body, self._known["items"]),
            answer=answer,
            **self._known,
        )


class Post:
    """Shared by all senders."""

    def __init__(
        self,
        client: Client,
        limiter: Limiter,
        policy: RetryPolicy,
        halt: Halt,
        rng: Callable[[], float],
        copyist: Copyist,
    ) -> None:
        self._client = client
        self._limiter = limiter
        self._policy = policy
        self._attempts = max(1, policy.attempts)
        self._halt = halt
        self._rng = rng
        self._copyist = copyist

    def send(self, body: bytes, count: int, usage: Usage) -> Reply:
        """Send until there is an answer. Trouble that is no row's ends in ``Halt``, not in an exception."""
        doubt = False
        for attempt in range(self._attempts):
            if not self._limiter.acquire(self._halt) or not self._halt.permitted():
                break
            usage.requests += 1
            usage.bytes += len(body)
            call = _Call(body, attempt=attempt + 1, items=count, copyist=self._copyist)
            try:
                answer = self._client.send(body, count)
            except TransientError as error:
                usage.exchanges.append(call.failed(error))
                doubt = doubt or error.applied
                self._after(error, attempt)
            except DestinationError as error:
                usage.exchanges.append(call.failed(error))
                self._halt.fail(error)
                break
            else:
                usage.exchanges.append(call.answered(answer))
                return Reply(answer=answer, doubt=doubt)
        return Reply(answer=None, doubt=doubt)

    def _after(self, error: TransientError, attempt: int) -> None:
        if attempt + 1 >= self._attempts:
            self._halt.fail(exhausted(error, attempt + 1))
            return
        pause = self._rng() * min(self._policy.cap, self._policy.base * 2**attempt)
        if error.retry_after is not None:  # a wish of the other side concerns everybody
            pause = max(pause, error.retry_after)
            self._limiter.pause(pause)
        self._halt.wait(pause)


def exhausted(error: TransientError, attempts: int) -> HeadcountError:
    return TransientError(
        f"Given up after {amount(attempts, 'attempt')}. {error.message}",
        applied=error.applied,
        retry_after=error.retry_after,
        hint=error.hint or "Run again later; nothing that was accepted is sent twice.",
    )
