"""A way to a database that only another machine can reach: a local port, forwarded over SSH.

The other machine must be known beforehand: its key stands in a known_hosts file. What is sent to the local port
arrives at the database as if it came from there.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from headcount.engines.fields import Field
from headcount.errors import ConfigurationError, SourceError, SourceUnavailable

if TYPE_CHECKING:
    import asyncssh

Result = TypeVar("Result")

PATIENCE = 10.0  # seconds for the other machine to answer
LOCAL = "127.0.0.1"

FIELDS = (
    Field(
        name="ssh_host",
        label="SSH host",
        help="A machine that reaches the database; empty to go there directly.",
        advanced=True,
        guards=True,
    ),
    Field(name="ssh_port", label="SSH port", default=22, advanced=True, guards=True),
    Field(name="ssh_user", label="SSH user", advanced=True),
    Field(
        name="ssh_key",
        label="SSH private key",
        secret=True,
        help="The key itself, in PEM or OpenSSH form.",
        advanced=True,
    ),
    Field(name="ssh_password", label="SSH password", secret=True, help="Instead of a key.", advanced=True),
    Field(
        name="ssh_known_hosts",
        label="SSH known hosts",
        help="A known_hosts file with the SSH host's key: ssh-keyscan HOST, compared with what its owner says.",
        advanced=True,
        guards=True,
    ),
)


class Tunnel:
    """One SSH connection and one local port, kept by a thread until ``close``."""

    def __init__(self, settings: Mapping[str, Any], host: str, port: int) -> None:
        """Open the way to ``host`` and ``port`` as the other machine names them.

        Raises ``ConfigurationError`` for settings that cannot be used and ``SourceError`` when the way is barred.
        """
        options = _options(settings)
        self._connection: asyncssh.SSHClientConnection | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="headcount-tunnel", daemon=True)
        self._thread.start()
        try:
            self.port: int = self._do(self._open(options, host, port))
        except BaseException as error:
            self.close()
            if isinstance(error, Exception):
                raise _failure(error, settings) from None
            raise

    def close(self) -> None:
        """Close port and connection. May be called twice."""
        if self._loop.is_closed():
            return
        if self._connection is not None:
            self._do(self._shut(self._connection))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(2 * PATIENCE)

    async def _open(self, options: dict[str, Any], host: str, port: int) -> int:
        import asyncssh

        self._connection = await asyncssh.connect(**options)
        listener = await self._connection.forward_local_port(LOCAL, 0, host, port)
        return int(listener.get_port())

    async def _shut(self, connection: asyncssh.SSHClientConnection) -> None:
        connection.close()
        await connection.wait_closed()


def _options(settings: Mapping[str, Any]) -> dict[str, Any]:
    if not settings["ssh_known_hosts"]:
        raise ConfigurationError(
            "Through SSH only a known machine is trusted, and 'ssh_known_hosts' is empty.",
            hint=f"Write its key into a file (ssh-keyscan {settings['ssh_host']}), check it, and name the file.",
        )
    if not settings["ssh_key"] and not settings["ssh_password"]:
        raise ConfigurationError("An SSH tunnel needs 'ssh_key' or 'ssh_password'.")
    return {
        "host": settings["ssh_host"],
        "port": settings["ssh_port"],
        "username": settings["ssh_user"] or (),
        "client_keys": [_key(settings["ssh_key"])] if settings["ssh_key"] else None,
        "password": settings["ssh_password"] or None,
        "known_hosts": settings["ssh_known_hosts"],
        "config": None,  # nothing of the person who happens to run this
        "agent_path": None,
        "connect_timeout": PATIENCE,
        "login_timeout": PATIENCE,
        "keepalive_interval": 30,
    }


def _key(text: str) -> asyncssh.SSHKey:
    import asyncssh

    try:
        return asyncssh.import_private_key(text.strip() + "\n")
    except asyncssh.KeyImportError:
        raise ConfigurationError(
            "'ssh_key' is no private key, or one with a passphrase.",
            hint="Use a key without a passphrase that may do nothing but forward ports (restrict,port-forwarding).",
        ) from None


def _failure(error: Exception, settings: Mapping[str, Any]) -> Exception:
    """SSH's refusals as ours. Their own words may hold user names and paths, and are left out."""
    import asyncssh

    there = f"The SSH host {settings['ssh_host']}"
    if isinstance(error, ConfigurationError):
        return error
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        hint = "If the machine was set up anew, write its new key into the file, after comparing it."
        return SourceError(
            f"{there} has another key than 'ssh_known_hosts' says, or none is known.", hint=hint
        )
    if isinstance(error, asyncssh.PermissionDenied):
        return SourceError(f"{there} refused the login.", hint="Check 'ssh_user' and its key or password.")
    if isinstance(error, asyncssh.Error | TimeoutError | OSError):
        hint = "Check 'ssh_host' and 'ssh_port', and that the machine may be reached from here."
        kind = SourceUnavailable if _passing(error) else SourceError
        return kind(f"{there} cannot be reached ({type(error).__name__}).", hint=hint)
    return error


def _passing(error: Exception) -> bool:
    """Not what two machines disagree about, nor a name that nobody knows."""
    import asyncssh

    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_AGAIN
    return isinstance(error, asyncssh.ConnectionLost | TimeoutError | OSError)
