"""One request to one webhook, whatever is at its other end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from headcount.service import sending
from headcount.service.sending import Address, NotSent, request_webhook


@pytest.fixture
def dripping() -> Iterator[str]:
    """The address of a server that answers one byte at a time, and never comes to an end."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not ended.wait(0.05):
                    connection.sendall(b"a")
            except OSError:  # cut off
                pass

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
    ended.set()
    thread.join()
    listener.close()


def test_an_answer_that_drips_for_ever_is_cut_off_when_the_time_is_over(
    dripping: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TIMEOUT", 1.0)
    began = time.monotonic()
    with pytest.raises(NotSent, match="did not answer within 1 seconds"):
        request_webhook(Address(url=dripping, secret="s"), "run.completed", "u", "{}")
    assert time.monotonic() - began < 20


def test_a_server_that_is_not_there_is_said_to_be_out_of_reach() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotSent, match="cannot be reached"):
        request_webhook(Address(url=f"http://127.0.0.1:{port}/", secret="s"), "run.completed", "u", "{}")
