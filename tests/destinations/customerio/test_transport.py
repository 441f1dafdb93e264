"""What is known after an exchange that went wrong: can the request have been applied?"""

from __future__ import annotations

import inspect
import logging
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any

import pytest
import trustme
from urllib3 import exceptions as lib

from headcount.destinations.base import Verdict
from headcount.destinations.customerio.transport import MEANINGS, Transport, translated
from headcount.errors import DestinationError, HeadcountError, TransientError
from tests.delivery import scripted
from tests.delivery.book import API_KEY, APP_KEY, SITE_ID, client_of
from tests.delivery.scripted import Action, Scripted, say

BODY = b'{"batch":[{"n":1}]}'
SECRETS = (SITE_ID, API_KEY, APP_KEY, "Basic ", "Bearer ")


def trouble(action: Action, **options: Any) -> HeadcountError:
    with Scripted(lambda _: action) as server:
        client = client_of(server.url, **options)
        with pytest.raises(HeadcountError) as caught:
            client.send(BODY, 1)
        client.close()
    return caught.value


def test_a_refused_connection_was_surely_not_applied() -> None:
    with pytest.raises(TransientError) as caught:
        client_of(scripted.nobody()).send(BODY, 1)
    assert not caught.value.applied


def test_a_host_name_that_does_not_resolve_was_surely_not_applied() -> None:
    with pytest.raises(TransientError, match="resolved") as caught:
        client_of("http://nowhere.invalid").send(BODY, 1)
    assert not caught.value.applied


@pytest.mark.parametrize(
    "action",
    [
        scripted.hang_up,
        scripted.reset,
        say(200, {"errors": []}, cut=5),
        say(200, {}, cut=0),
        say(200, b""),
        say(200, b"<html>fine</html>"),
        scripted.raw_bytes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}"),
        scripted.raw_bytes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
        scripted.raw_bytes(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n{}\n"),
        scripted.raw_bytes(b"HTTP/1.1 200 OK\r\n\r\n"),
        scripted.raw_bytes(b"SSH-2.0-OpenSSH_9.6\r\n"),
        scripted.raw_bytes(b"HTTP/1.1 2"),
    ],
)
def test_whatever_fails_after_the_request_was_written_may_have_been_applied(action: Action) -> None:
    error = trouble(action)
    assert isinstance(error, TransientError)
    assert error.applied


def test_an_answer_that_does_not_come_may_have_been_applied() -> None:
    error = trouble(scripted.silence, timeout=0.2)
    assert isinstance(error, TransientError)
    assert error.applied
    assert "in time" in error.message


def test_a_connection_is_used_again_after_every_readable_answer() -> None:
    answers = iter([say(200), say(400, {"errors": ["no"]}), say(413, b"x" * 5000), say(200)])
    with Scripted(lambda _: next(answers)) as server:
        client = client_of(server.url)
        verdicts = [client.send(BODY, 1).verdict for _ in range(4)]
        client.close()
    assert verdicts == [Verdict.TAKEN, Verdict.REFUSED, Verdict.TOO_LARGE, Verdict.TAKEN]
    assert {request.connection for request in server.requests} == {1}


def test_a_connection_that_was_closed_while_idle_is_replaced_unnoticed() -> None:
    with Scripted(
        lambda _: scripted.raw_bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}\n")
    ) as server:
        client = client_of(server.url)
        assert client.send(BODY, 1).verdict is Verdict.TAKEN
        time.sleep(0.05)
        assert client.send(BODY, 1).verdict is Verdict.TAKEN
        client.close()
    assert [request.connection for request in server.requests] == [1, 2]


def test_an_early_answer_to_a_body_nobody_reads_is_understood() -> None:
    raw = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with Scripted(lambda _: scripted.raw_bytes(raw)) as server:
        client = client_of(server.url)
        assert client.send(b'{"batch":[' + b" " * 400_000 + b"]}", 2).verdict is Verdict.TOO_LARGE
        client.close()


def test_the_body_travels_as_it_is() -> None:
    body = '{"batch":[{"n":10.50,"t":"é\\u0000"}]}'.encode()
    with Scripted(lambda _: say(200)) as server:
        client = client_of(server.url + "/api/v2/")
        client.send(body, 1)
        client.close()
    request = server.requests[0]
    assert (request.method, request.path, request.body) == ("POST", "/api/v2/batch", body)
    assert request.headers["content-type"] == "application/json"
    assert "transfer-encoding" not in request.headers


def test_a_redirect_is_never_followed() -> None:
    with Scripted(lambda _: say(307, {}, Location="/elsewhere")) as server:
        client = client_of(server.url)
        with pytest.raises(DestinationError, match="307"):
            client.send(BODY, 1)
        client.close()
    assert len(server.requests) == 1


# Encryption.


def _encrypted_server(context: ssl.SSLContext) -> tuple[Any, int, threading.Thread]:
    listener = socket.create_server(("127.0.0.1", 0))

    def once() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            context.wrap_socket(connection, server_side=True).close()

    thread = threading.Thread(target=once, daemon=True)
    thread.start()
    return listener, listener.getsockname()[1], thread


def test_a_certificate_that_is_not_trusted_is_the_operators() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    listener, port, thread = _encrypted_server(context)
    client = client_of(f"https://127.0.0.1:{port}")
    with pytest.raises(DestinationError, match="certificate") as caught:
        client.send(BODY, 1)
    thread.join(5)
    listener.close()
    client.close()
    assert "SSL_CERT_FILE" in caught.value.hint


def test_a_failed_handshake_was_surely_not_applied() -> None:
    with Scripted(lambda _: say(200)) as server:
        client = client_of(server.url.replace("http", "https"))
        with pytest.raises(TransientError) as caught:
            client.send(BODY, 1)
        client.close()
    assert not caught.value.applied


# Nothing of the library leaks.

LIBRARY = [
    kind
    for _, kind in inspect.getmembers(lib, inspect.isclass)
    if kind.__module__ == lib.__name__ and not issubclass(kind, Warning)
]


@pytest.mark.parametrize("kind", LIBRARY, ids=lambda kind: kind.__name__)
def test_every_exception_of_the_http_library_has_a_meaning(kind: type[BaseException]) -> None:
    general = (lib.HTTPError, lib.PoolError, lib.RequestError, ValueError)
    assert kind in general or any(issubclass(kind, known) for known, _, _ in MEANINGS)
    error = kind.__new__(kind)
    assert isinstance(translated(error, "https://track.customer.io/x", begun=True), HeadcountError)


@pytest.mark.parametrize("kind", LIBRARY, ids=lambda kind: kind.__name__)
def test_no_exception_of_the_http_library_gets_past_the_transport(kind: type[BaseException]) -> None:
    class Broken:
        def urlopen(self, method: str, url: str, **options: Any) -> Any:
            raise kind.__new__(kind)

        def clear(self) -> None:
            pass

    transport = Transport(timeout=1, pool_size=1, pool=Broken())
    with pytest.raises(HeadcountError):
        transport.post("https://track.customer.io/x", "Basic x", BODY)


# Secrets.


def test_no_secret_stands_in_any_message_log_or_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    actions = [
        scripted.hang_up,
        say(200, b"x"),
        say(401),
        say(404),
        say(302),
        say(500),
        say(429),
        say(200, cut=1),
    ]
    with Scripted(lambda request: actions[len(server.requests) - 1]) as server:
        client = client_of(server.url, app_api_key=APP_KEY)
        shown += [repr(client), str(client), repr(client._credentials), repr(client._transport)]
        for ask in (
            [lambda: client.send(BODY, 1)] * 4
            + [client.workspace] * 2
            + [lambda: client.known("id", ["9"])] * 2
        ):
            with pytest.raises(HeadcountError) as caught:
                ask()
            shown += [str(caught.value), repr(caught.value), str(caught.getrepr(style="short"))]
        client.close()
    text = "\n".join(shown) + caplog.text
    assert "POST /api/v2/batch" in caplog.text  # the library does log
    assert not [secret for secret in SECRETS if secret in text.replace('"Basic ', "")]
