"""Starts and stops the sandbox: in the foreground, or in a thread for tests."""

import asyncio
import contextlib
import gc
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn

from headcount.sandbox import tls as certificates
from headcount.sandbox.account import Account
from headcount.sandbox.gateway import Gateway
from headcount.sandbox.protocol import SandboxProtocol
from headcount.sandbox.sink import Sink
from headcount.sandbox.site import make_site
from headcount.sandbox.state import StateFile

SAVE_EVERY = 1.0  # seconds; the most that a killed sandbox forgets


@dataclass(frozen=True, kw_only=True)
class Address:
    url: str
    certificate: str | None  # PEM of the authority that a client must trust


class Server:
    """One listening sandbox. Made in any thread; run() blocks until stop() is called."""

    def __init__(self, host: str, port: int, *, tls: bool, state: Path | None, sink: bool) -> None:
        self.account = Account()
        self._saver = _open_state(state, self.account)
        self.gateway = Gateway(self.account, _not_yet, Sink() if sink else None)
        self._files = tempfile.TemporaryDirectory(prefix="headcount-sandbox-")
        credentials = certificates.make(host) if tls else None
        self.gateway.site = make_site(self.gateway, credentials.authority if credentials else None)
        self._listener = _listen(host, port)
        shown = f"[{host}]" if ":" in host else host
        self.address = Address(
            url=f"{'https' if tls else 'http'}://{shown}:{self._listener.getsockname()[1]}",
            certificate=credentials.authority if credentials else None,
        )
        self._uvicorn = uvicorn.Server(_config(self.gateway, credentials, Path(self._files.name)))
        self.ready = threading.Event()

    def run(self) -> None:
        # Stored people are never garbage; looking through them time and again halves the pace.
        gc.set_threshold(200_000, 20, 1_000)
        try:
            with asyncio.Runner(loop_factory=self._uvicorn.config.get_loop_factory()) as runner:
                runner.run(self._serve())
        finally:
            if self._saver:
                self._saver.close()
            self._files.cleanup()

    def stop(self) -> None:
        self._uvicorn.should_exit = True

    async def _serve(self) -> None:
        saving = asyncio.create_task(self._save_now_and_then())
        watching = asyncio.create_task(self._tell_when_ready())
        try:
            await self._uvicorn.serve(sockets=[self._listener])
        finally:
            for task in (saving, watching):
                task.cancel()
            self._listener.close()

    async def _save_now_and_then(self) -> None:
        while self._saver:
            await asyncio.sleep(SAVE_EVERY)
            self._saver.save()

    async def _tell_when_ready(self) -> None:
        while not self._uvicorn.started:
            await asyncio.sleep(0.005)
        self.ready.set()


@dataclass(frozen=True, kw_only=True)
class Running:
    """A sandbox in a thread of this process."""

    url: str
    certificate: str | None
    account: Account
    gateway: Gateway
    stop: Callable[[], None]


def start_in_thread(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    tls: bool = False,
    state: Path | None = None,
    sink: bool = False,
) -> Running:
    """Returns when it listens. stop() ends it, saves its state and waits."""
    server = Server(host, port, tls=tls, state=state, sink=sink)
    thread = threading.Thread(target=server.run, name="sandbox", daemon=True)
    thread.start()
    if not server.ready.wait(20):
        raise RuntimeError("the sandbox did not start within 20 seconds")

    def stop() -> None:
        server.stop()
        thread.join(20)

    address = server.address
    return Running(
        url=address.url,
        certificate=address.certificate,
        account=server.account,
        gateway=server.gateway,
        stop=stop,
    )


def serve(host: str, port: int, *, tls: bool, state: Path | None, sink: bool) -> None:
    """Blocks until SIGINT or SIGTERM. Prints its URL when it listens; port 0 takes a free port."""
    server = Server(host, port, tls=tls, state=state, sink=sink)
    announcer = threading.Thread(target=_announce, args=(server,), daemon=True)
    announcer.start()
    with _ended_by_signals(server):
        server.run()


def _announce(server: Server) -> None:
    server.ready.wait()
    sys.stdout.write(f"Sandbox ready on {server.address.url}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def _ended_by_signals(server: Server) -> Iterator[None]:
    """uvicorn catches the signals while it serves and raises them again afterwards; by then all is saved."""

    def quietly(number: int, frame: FrameType | None) -> None:
        server.stop()

    before = {number: signal.signal(number, quietly) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _not_yet(scope: object, receive: object, send: object) -> None:
    raise RuntimeError("the pages are not there yet")


def _open_state(state: Path | None, account: Account) -> StateFile | None:
    if state is None:
        return None
    saver = StateFile(state, account)
    saver.load()
    return saver


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(512)
    return listener


def _config(gateway: Gateway, credentials: certificates.Credentials | None, folder: Path) -> uvicorn.Config:
    config = uvicorn.Config(
        gateway, http=SandboxProtocol, ws="none", lifespan="off", log_level="warning", access_log=False,
        server_header=False, proxy_headers=False, timeout_keep_alive=75, timeout_graceful_shutdown=3,
    )  # fmt: skip
    if credentials:
        chain, key = folder / "chain.pem", folder / "key.pem"
        chain.write_text(credentials.chain)
        key.touch(mode=0o600)
        key.write_text(credentials.key)
        config.ssl_certfile, config.ssl_keyfile = str(chain), str(key)
    return config
