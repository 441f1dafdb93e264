"""The key of stored secrets, and the references of connections."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from headcount.amounts import amount
from headcount.control import secrets
from headcount.control.models import Connection, Outlet, Secret
from headcount.control.trouble import told
from headcount.errors import HeadcountError
from headcount.home import current_home
from headcount.service.doctor.finding import Finding, attention, failed, ok
from headcount.service.settings import resolved


def key() -> Iterator[Finding]:
    """Is there a key, read by nobody else, that opens every stored secret?"""
    with told():
        stored = _stored()
    path = current_home().secret_key
    given = bool(os.environ.get(secrets.VARIABLE))
    if not given and not path.exists():
        if stored:
            todo = f"Restore {path} from a backup, or set {secrets.VARIABLE}."
            need = amount(len(stored), "stored secret needs", "stored secrets need")
            yield failed("secret key", f"{path} is gone, and {need} it.", todo)
        else:
            yield ok("secret key", "none yet; it is made when it is first needed")
        return
    if not given and (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
        yield attention("secret key", f"{path} can be read by others (mode {mode:o}).", f"chmod 600 {path}")
    try:
        secrets.key_ring()
    except HeadcountError as error:
        yield failed("secret key", error.message, error.hint)
        return
    yield _opens(stored, secrets.VARIABLE if given else str(path))


def _stored() -> dict[str, str]:
    """What is kept encrypted, by what it is called."""
    of_connections = Secret.objects.select_related("connection")
    found = {f"{each.field} of {each.connection.key}": each.ciphertext for each in of_connections}
    return found | {f"{each.kind} {each.name}": each.ciphertext for each in Outlet.objects.all()}


def _opens(stored: dict[str, str], where: str) -> Finding:
    closed = []
    for name, ciphertext in stored.items():
        try:
            secrets.decrypted(ciphertext)
        except HeadcountError:
            closed.append(name)
    if closed:
        todo = "Restore the key, or store them again: headcount connections add KEY"
        return failed("secret key", f"The key in {where} does not open: {', '.join(closed)}.", todo)
    return ok("secret key", f"{where} opens {amount(len(stored), 'stored secret')}")


def references() -> Iterator[Finding]:
    """Does every connection's env: and file: lead to something?"""
    with told():
        rows = list(Connection.objects.all())
    wrong = 0
    for row in rows:
        try:
            with told():
                resolved(row)
        except HeadcountError as error:
            wrong += 1
            yield failed("references", error.message, error.hint)
    if not wrong:
        yield ok("references", f"those of {amount(len(rows), 'connection')} lead somewhere")
