"""How long one request may take, whatever is at the other end: from the wish for it to the last byte of its answer."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from headcount.destinations.customerio.client import CustomerIoClient
from headcount.destinations.customerio.transport import Transport
from headcount.errors import HeadcountError, TransientError, Unreached
from tests.delivery import scripted
from tests.delivery.book import APP_KEY, client_of
from tests.delivery.scripted import Action, Scripted

BODY = b'{"batch":[{"n":1}]}'
SECONDS = 0.5  # that a request may take here
SOON = 5.0  # is it over, on a machine that does much else


def drip(first: bytes) -> Action:
    """An answer that begins at once and goes on byte by byte, so that nothing is ever long in coming."""

    def act(connection: socket.socket) -> bool:
        connection.sendall(first)
        while True:
            connection.sendall(b" ")
            time.sleep(0.05)

    return act


DRIPS = {
    "the status line": drip(b"HTTP/1.1 200 "),
    "the headers": drip(b"HTTP/1.1 200 OK\r\nX-Slow: "),
    "the body": drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{}"),
    "a body without a length": drip(b"HTTP/1.1 200 OK\r\n\r\n{}"),
    "a body in chunks": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n{}"),
}


def trouble(client: CustomerIoClient, *, asking: bool = False) -> HeadcountError:
    """What came of a request, which is over in time."""
    came: list[HeadcountError] = []

    def request() -> None:
        try:
            client.known("id", ["1"]) if asking else client.send(BODY, 1)
        except HeadcountError as error:
            came.append(error)

    thread = threading.Thread(target=request, daemon=True)
    thread.start()
    thread.join(SOON)
    assert came
    client.close()
    return came[0]


@pytest.mark.parametrize("action", [*DRIPS.values(), scripted.silence], ids=[*DRIPS, "nothing"])
def test_an_answer_that_is_not_there_when_the_time_is_over_is_lost(action: Action) -> None:
    with Scripted(lambda _: action) as server:
        error = trouble(client_of(server.url, timeout=SECONDS))
    assert isinstance(error, TransientError)
    assert error.applied
    assert "in time" in error.message


def test_a_question_has_the_same_end_and_applies_nothing() -> None:
    with Scripted(lambda _: DRIPS["the body"]) as server:
        client = client_of(server.url, timeout=SECONDS, region="us", app_api_key=APP_KEY)
        error = trouble(client, asking=True)
    assert isinstance(error, TransientError)
    assert not error.applied


def test_the_time_of_a_request_is_its_own_and_not_that_of_its_connection() -> None:
    answers = iter([scripted.say(200), scripted.say(200), DRIPS["the body"]])
    with Scripted(lambda _: next(answers)) as server:
        client = client_of(server.url, timeout=2 * SECONDS)
        for _ in range(2):
            client.send(BODY, 1)
            time.sleep(1.2 * SECONDS)
        error = trouble(client)
    assert isinstance(error, TransientError)
    assert {request.connection for request in server.requests} == {1}


# Encrypted connections.


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """It is trusted."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    return authority


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def address(listener: socket.socket) -> str:
    return f"https://127.0.0.1:{listener.getsockname()[1]}"


def test_an_encrypted_answer_is_cut_off_too(authority: trustme.CA, listener: socket.socket) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def serve() -> None:
        plain, _ = listener.accept()
        with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
            connection.recv(65_536)
            DRIPS["a body without a length"](connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    error = trouble(client_of(address(listener), timeout=SECONDS))
    thread.join(SOON)
    assert isinstance(error, TransientError)
    assert error.applied


def test_a_handshake_that_stalls_is_given_up_before_anything_was_sent(listener: socket.socket) -> None:
    error = trouble(client_of(address(listener), timeout=SECONDS))
    assert isinstance(error, TransientError)
    assert not error.applied


# Before there is a connection.


def test_a_name_that_is_looked_up_for_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    found, ended = threading.Event(), threading.Event()

    def slowly(*_: Any) -> Any:
        found.wait(2 * SOON)
        ended.set()
        raise socket.gaierror

    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", slowly)
        client = client_of("http://slow.invalid", timeout=SECONDS, region="us", app_api_key=APP_KEY)
        error = trouble(client, asking=True)
        found.set()
        assert ended.wait(SOON)
    assert isinstance(error, Unreached)


def test_a_connection_that_comes_about_too_late_is_closed(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, resolve = threading.Event(), socket.getaddrinfo

    def slowly(*words: Any) -> Any:
        late.wait(2 * SOON)
        return resolve(*words)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    error = trouble(client_of(address(listener).replace("https", "http"), timeout=SECONDS))
    late.set()
    assert isinstance(error, TransientError)
    assert not error.applied
    listener.settimeout(SOON)
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(SOON)
        assert connection.recv(1) == b""


def test_no_body_is_written_once_the_time_is_over() -> None:
    """The process, or its machine, was asleep between the wish and the first byte."""

    class Asleep:
        def urlopen(self, method: str, url: str, *, body: Any, **options: Any) -> Any:
            time.sleep(0.2)
            raise AssertionError(b"".join(body))

        def clear(self) -> None:
            pass

    transport = Transport(timeout=0.1, pool_size=1, pool=Asleep())
    with pytest.raises(TransientError) as caught:
        transport.post("https://track.customer.io/x", "Basic x", BODY)
    assert not caught.value.applied
