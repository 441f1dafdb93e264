"""The server as it is started: behind a proxy, under a wrong name, told to end."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from headcount.control.models import Audit, Role, User
from headcount.control.setup import close, setup
from tests.cli.command import ROOT
from tests.control_store import URL
from tests.web.conftest import PASSWORD

ELSEWHERE = "127.0.0.2"  # another address of this machine, which no proxy has
FORGED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}


@dataclass(frozen=True)
class Served:
    process: subprocess.Popen[str]
    port: int
    said: Sequence[str]

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        source: str = "127.0.0.1",
        **headers: str,
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=30, source_address=(source, 0)
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        answer.text = answer.read().decode()  # type: ignore[attr-defined]
        connection.close()
        return answer

    def end(self, number: int = signal.SIGTERM) -> str:
        """Tell it to end; returns what it logged. It must end well."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors
        return errors


@contextmanager
def served(*options: str, cwd: Path = ROOT, **environment: str) -> Iterator[Served]:
    process = subprocess.Popen(
        [sys.executable, "-m", "headcount", "serve", "--port", "0", *options],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = []
        while not said or "Ctrl-C" not in said[-1]:
            said.append(process.stdout.readline())
            assert said[-1], process.communicate()[1]
        (port,) = re.findall(r"^Headcount is at http://127\.0\.0\.1:(\d+)$", "".join(said), re.MULTILINE)
        yield Served(process, int(port), said)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


@contextmanager
def proxy(port: int) -> Iterator[int]:
    """A small proxy that ends TLS for headcount.example: it says so in the forwarded headers, and overwrites what
    the client says.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            forwarded = {
                "Host": f"127.0.0.1:{port}",
                "X-Forwarded-For": "198.51.100.7",
                "X-Forwarded-Proto": "https",
                "X-Forwarded-Host": "headcount.example",
            }
            headers = {n: v for n, v in headers.items() if not n.lower().startswith("x-forwarded")}
            upstream.request(self.command, self.path, self.rfile.read(length), {**headers, **forwarded})
            answer = upstream.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "date", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            upstream.close()

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def viewer() -> None:
    """Somebody who may sign in."""
    setup()
    User.objects.create_user(username="viewer", role=Role.VIEWER, password=PASSWORD)
    close()


def test_behind_a_tls_proxy_people_sign_in_over_https_and_only_the_proxy_is_believed(viewer: None) -> None:
    public = {"HEADCOUNT_PUBLIC_URL": "https://headcount.example"}
    with served("--proxy", "127.0.0.1", **public) as site:
        with proxy(site.port) as port:
            front = Served(site.process, port, ())
            form = front.ask("/sign-in/", **FORGED)
            assert form.headers["Strict-Transport-Security"] == "max-age=31536000"
            cookies = form.headers.get_all("Set-Cookie") or []
            assert all("Secure" in cookie and "HttpOnly" in cookie for cookie in cookies)
            csrf = re.search(r"(headcount_csrf_\w+)=(\w+)", cookies[0])
            token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', form.text)  # type: ignore[attr-defined]
            assert csrf
            assert token
            typed = f"csrfmiddlewaretoken={token[1]}&username=viewer&password={PASSWORD.replace(' ', '+')}"
            headers = {
                "Cookie": csrf[0],
                "Content_Type": "application/x-www-form-urlencoded",
                "Origin": "https://headcount.example",
            }
            entered = front.ask("/sign-in/", method="POST", body=typed.encode(), **headers)
            assert (entered.status, entered.headers["Location"]) == (302, "/")
            (session,) = [c for c in entered.headers.get_all("Set-Cookie") or [] if "headcount_session" in c]
            assert all(word in session for word in ("Secure", "HttpOnly", "SameSite=Lax"))
            headers["Origin"] = "https://evil.example"
            assert front.ask("/sign-in/", method="POST", body=typed.encode(), **headers).status == 403
        direct = site.ask("/sign-in/", source=ELSEWHERE, **FORGED)
        assert direct.status == 200  # neither the forged name nor the forged scheme counts
        assert "Strict-Transport-Security" not in direct.headers
        logged = site.end()
    assert "from=198.51.100.7" in logged
    assert f"from={ELSEWHERE}" in logged
    assert "203.0.113.9" not in logged
    setup()
    assert Audit.objects.get(action="signed in").detail == {"from": "198.51.100.7"}
    close()


def test_without_a_proxy_nobody_is_believed() -> None:
    with served() as site:
        answer = site.ask("/sign-in/", **FORGED)
        assert answer.status == 200
        assert "Strict-Transport-Security" not in answer.headers
        assert "203.0.113.9" not in site.end()


def test_an_unknown_name_is_refused_with_what_to_do_and_a_named_one_is_not() -> None:
    with served("--allow-host", "headcount.internal") as site:
        refused = site.ask("/sign-in/", Host="other.internal:8000")
        assert refused.status == 400
        assert "headcount serve --allow-host other.internal" in refused.text  # type: ignore[attr-defined]
        assert "Traceback" not in refused.text  # type: ignore[attr-defined]
        assert site.ask("/sign-in/", Host="headcount.internal:8000").status == 200
        assert "<script>" not in site.ask("/", Host='"><script>').text  # type: ignore[attr-defined]


def test_bodies_too_large_and_files_are_refused_and_the_server_lives_on() -> None:
    with served() as site:
        csrf = re.search(r"headcount_csrf_\w+", site.ask("/sign-in/").headers["Set-Cookie"])
        assert csrf
        form = {"Content_Type": "application/x-www-form-urlencoded", "Cookie": f"{csrf[0]}={'a' * 32}"}
        words = site.ask("/sign-in/", method="POST", body=b"username=" + b"x" * 2_100_000, **form)
        assert words.status == 413
        assert "too large" in words.text  # type: ignore[attr-defined]
        assert site.ask("/sign-in/", method="POST", Content_Length="3000000", **form).status == 413
        many = "&".join(f"f{number}=1" for number in range(5_001)).encode()
        assert site.ask("/sign-in/", method="POST", body=many, **form).status == 413
        part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nx\r\n--b--\r\n'
        file = {**form, "Content_Type": "multipart/form-data; boundary=b"}
        refused = site.ask("/sign-in/", method="POST", body=part, **file)
        assert (refused.status, "cannot be uploaded" in refused.text) == (413, True)  # type: ignore[attr-defined]
        assert site.ask("/sign-in/").status == 200


def test_the_log_has_a_line_for_each_request_and_no_link_query_or_name_typed() -> None:
    with served() as site:
        (link,) = re.findall(r"http://127\.0\.0\.1:\d+(/welcome/first/\S+)", "".join(site.said))
        assert site.ask(link).status == 200
        site.ask("/sign-in/?next=/runs/?key=ada@example.com")
        site.ask("/no/such/ada@example.com")
        lines = site.end().splitlines()
    asked = [line for line in lines if " info request " in line]
    assert [re.sub(r".* info request | ms=.*", "", line) for line in asked] == [
        "method=GET route=welcome/first/<str:token>/ status=200",
        "method=GET route=sign-in/ status=200",
        "method=GET route=- status=404",
    ]
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ info ", line) for line in lines)


def test_the_link_for_the_owner_is_printed_until_there_is_one(viewer: None) -> None:
    with served() as site:
        assert "/welcome/first/" in "".join(site.said)
        site.end(signal.SIGINT)
    setup()
    User.objects.update(role=Role.OWNER)
    close()
    with served() as site:
        assert "/welcome/first/" not in "".join(site.said)
        site.end(signal.SIGTERM)


def test_a_taken_port_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "headcount", "serve", "--port", port],
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
    assert done.returncode == 2
    assert "Choose another port with --port" in done.stderr


def test_the_demonstration_has_a_home_and_a_sandbox_of_its_own_that_end_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served("--demo", cwd=tmp_path) as site:
        said = "".join(site.said)
        (sandbox,) = re.findall(r"Customer.io, is at (http://127\.0\.0\.1:\d+)", said)
        with urllib.request.urlopen(f"{sandbox}/_sandbox/counts?workspace=1001") as answer:
            assert b'"people":' in answer.read()
        assert "/welcome/first/" in said
        assert f"its home are in {tmp_path / '.headcount' / 'demo-pages'}" in said
        site.end()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(sandbox)
    assert not (tmp_path / "home").exists()  # the person's own
    monkeypatch.setenv("HEADCOUNT_HOME", str(tmp_path / ".headcount" / "demo-pages" / "home"))
    monkeypatch.delenv(URL, raising=False)
    from headcount.service.listings import list_runs

    runs = {run.sync: run for run in list_runs()}
    assert {run.status for run in runs.values()} == {"completed"}
    assert runs["customers"].counts["accepted"] > 300
    close()
