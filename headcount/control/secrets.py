"""Stored secrets: encrypted with a key that is not in the database.

The key is in HEADCOUNT_SECRET_KEY or else in the file ``secret.key``; both may hold several, one a line or
with commas between them. The first encrypts, all of them decrypt: that is what makes a rotation possible.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.db import transaction

from headcount.control.models import Connection, Outlet, Secret
from headcount.disk import unusable
from headcount.errors import ConfigurationError, StateError
from headcount.home import current_home

VARIABLE = "HEADCOUNT_SECRET_KEY"
_KEPT: tuple[type[Secret] | type[Outlet], ...] = (Secret, Outlet)  # tables with a column ``ciphertext``


def store(connection: Connection, field: str, value: str) -> None:
    """Keep ``value`` for a field of a connection; what was kept before is gone."""
    Secret.objects.update_or_create(
        connection=connection, field=field, defaults={"ciphertext": encrypted(value)}
    )


def read(connection: Connection, field: str) -> str:
    """The kept value. Raises ``ConfigurationError`` when there is none, ``StateError`` when no key opens
    it.
    """
    secret = Secret.objects.filter(connection=connection, field=field).first()
    if secret is None:
        raise ConfigurationError(
            f"Nothing is stored for {field} of connection {connection.key}.",
            hint=f"Store it with: headcount connections add {connection.key}",
        )
    return decrypted(secret.ciphertext)


def encrypted(value: str) -> str:
    """``value`` as it may be kept; every column that holds such text is in ``_KEPT``."""
    return _cipher().encrypt(value.encode()).decode()


def decrypted(ciphertext: str) -> str:
    """What was encrypted. Raises ``StateError`` when no key opens it."""
    try:
        return _cipher().decrypt(ciphertext.encode()).decode()
    except InvalidToken:
        raise _wrong_key() from None


def stored_fields(connection: Connection) -> set[str]:
    return set(Secret.objects.filter(connection=connection).values_list("field", flat=True))


def sealed(text: str) -> str:
    """``text`` encrypted, in characters that addresses may have."""
    return _cipher().encrypt(text.encode()).decode().rstrip("=")


def unsealed(token: str) -> str | None:
    """What was sealed; None for what no key of this home opens."""
    try:
        return _cipher().decrypt((token + "=" * (-len(token) % 4)).encode()).decode()
    except (InvalidToken, ValueError):
        return None


def seal(values: Mapping[str, str]) -> str:
    """Values that are kept for a while outside the table of secrets, in a form nobody can read."""
    return _cipher().encrypt(json.dumps(dict(values)).encode()).decode()


def unseal(token: str, *, seconds: int) -> dict[str, str]:
    """What was sealed at most so many seconds ago; nothing when it is older, or was not sealed here."""
    keys = _cipher()
    try:
        values: dict[str, str] = json.loads(keys.decrypt(token.encode(), ttl=seconds))
    except InvalidToken:
        return {}
    return values


def rotate() -> int:
    """Encrypt everything anew and return how many secrets there are.

    With a key file, a fresh key is made and the old ones are dropped in the end. With HEADCOUNT_SECRET_KEY,
    put the new key before the old one, rotate, then remove the old one. May be repeated after a crash.
    """
    if os.environ.get(VARIABLE):
        return _encrypt_anew(_cipher())
    path = current_home().secret_key
    new = new_key()
    _write(path, [new, *key_ring()])
    count = _encrypt_anew(_cipher())
    _write(path, [new])
    return count


def _encrypt_anew(cipher: MultiFernet) -> int:
    with transaction.atomic():
        secrets = [secret for table in _KEPT for secret in table.objects.select_for_update()]
        for secret in secrets:
            try:
                secret.ciphertext = cipher.rotate(secret.ciphertext.encode()).decode()
            except InvalidToken:
                raise _wrong_key() from None
            secret.save(update_fields=["ciphertext"])
    return len(secrets)


def check() -> None:
    """Raises ``StateError`` when one of the things that are kept cannot be opened with the present keys."""
    for table in _KEPT:
        for ciphertext in table.objects.values_list("ciphertext", flat=True):
            decrypted(ciphertext)


def new_key() -> str:
    """A key as HEADCOUNT_SECRET_KEY and the key file hold it: 32 random bytes in URL-safe Base64, 44 characters."""
    return Fernet.generate_key().decode()


def fingerprints() -> list[str]:
    """What tells the keys of HEADCOUNT_SECRET_KEY apart without showing them, newest first; empty without it."""
    keys = _split(os.environ.get(VARIABLE, ""))
    return [hashlib.sha256(b"headcount: a key" + key.encode()).hexdigest()[:16] for key in keys]


def key_ring() -> list[str]:
    """The keys, newest first; makes the first one. Raises ``StateError`` when they cannot be read, or are none."""
    keys = _keys()
    _made_of(keys)
    return keys


def _cipher() -> MultiFernet:
    return _made_of(_keys())


def _made_of(keys: Sequence[str]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise StateError(
            "The key for stored secrets is not one that Headcount made.",
            hint=f"Restore {VARIABLE} or the file secret.key in HEADCOUNT_HOME. "
            "If nothing is stored yet, headcount secrets new-key prints a key.",
        ) from None


def _keys() -> list[str]:
    named = os.environ.get(VARIABLE, "")
    if named:
        return _split(named)
    path = current_home().secret_key
    try:
        if not path.exists():
            _create(path)
        return _split(path.read_text())
    except OSError as error:
        raise unusable(path, error) from error


def _split(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _create(path: Path) -> None:
    """Make the key file, unless another process is quicker: then its key is the one."""
    if any(table.objects.exists() for table in _KEPT):
        raise _wrong_key()
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    _write_new(draft, [new_key()])
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _write(path: Path, keys: Sequence[str]) -> None:
    """Replace the key file in one step, so that a crash leaves the old one or the new one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _write_new(draft, keys)
        draft.replace(path)
    except OSError as error:
        raise unusable(path, error) from error


def _write_new(path: Path, keys: Sequence[str]) -> None:
    path.unlink(missing_ok=True)  # left by a process of the same number that was killed
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write("\n".join(keys) + "\n")
        file.flush()
        os.fsync(file.fileno())


def _wrong_key() -> StateError:
    return StateError(
        "The stored secrets cannot be read with the present key.",
        hint=f"Restore {VARIABLE} or the file secret.key in HEADCOUNT_HOME, or store the secrets again.",
    )
