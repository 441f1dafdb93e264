"""One message to one outlet, over the network: through apprise to people, as a signed request to programs.

What goes wrong is said in words of ours: those of libraries quote addresses, and an address holds passwords.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

import httpx

from headcount import __version__
from headcount.deadline import Deadline

TIMEOUT = 10.0  # seconds for a whole request to a webhook
SIGNATURE = "X-Headcount-Signature"
DELIVERY, EVENT = "X-Headcount-Delivery", "X-Headcount-Event"

_loading, _loaded = threading.Lock(), list[Any]()

for _name in ("apprise", "httpx", "httpcore"):  # they write addresses into their logs
    logging.getLogger(_name).addFilter(lambda _: False)


class NotSent(Exception):
    """Never leaves the service. Its words may be shown and stored."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where an outlet is. For webhooks ``secret`` signs, and so do ``older`` ones that receivers may still go by, the
    latest first. Never shown, so it has no useful ``repr``.
    """

    url: str
    secret: str = ""
    older: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "Address(…)"

    def text(self) -> str:
        """As it is kept, once it is encrypted."""
        return json.dumps(asdict(self))

    @staticmethod
    def parse(text: str) -> Address:
        kept = json.loads(text)
        return Address(**{**kept, "older": tuple(kept.get("older", ()))})

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.secret, *self.older)


def signature(secrets: Sequence[str], body: bytes, at: int) -> str:
    """The value of the header: ``t`` is unix seconds, each ``v1`` the HMAC-SHA256 of "t.body" in hexadecimal, by one of
    the secrets.

    >>> signature(["s"], b"{}", 1700000000)
    't=1700000000,v1=e9232c9945da8456c2dea6b39da7786c07b00bca7a64d5dd1283674713a7b72a'
    """
    signed = str(at).encode() + b"." + body
    macs = (hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets)
    return ",".join([f"t={at}", *(f"v1={mac}" for mac in macs)])


def request_webhook(address: Address, event: str, uid: str, body: str) -> None:
    """Raises ``NotSent`` for everything but an answer from 200 to 299 within the time."""
    content = body.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Headcount/{__version__}",
        SIGNATURE: signature(address.secrets, content, int(time.time())),
        DELIVERY: uid,
        EVENT: event,
    }
    status = _status(address.url, content, headers)
    if 300 <= status < 400:
        raise NotSent(f"It answered {status}: redirects are not followed.")
    if not 200 <= status < 300:
        raise NotSent(f"It answered {status}.")


def _status(url: str, content: bytes, headers: dict[str, str]) -> int:
    """What is answered; the body of the answer is of no interest."""
    with Deadline(TIMEOUT) as deadline:
        try:
            with (
                httpx.Client(timeout=TIMEOUT, follow_redirects=False) as client,
                client.stream(
                    "POST",
                    url,
                    content=content,
                    headers=headers,
                    extensions={"trace": _followed_by(deadline)},
                ) as answer,
            ):
                return answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            if deadline.over or isinstance(error, httpx.TimeoutException):
                raise NotSent(f"It did not answer within {TIMEOUT:g} seconds.") from None
            raise NotSent(f"It cannot be reached ({type(error).__name__}).") from None


def _followed_by(deadline: Deadline) -> Callable[[str, dict[str, Any]], None]:
    """What httpx is to call: it tells of the connection once it is there, and once more when it is encrypted."""

    def follow(event: str, info: dict[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            deadline.watch(info["return_value"].get_extra_info("socket"))

    return follow


def notify_channel(address: Address, body: str) -> None:
    """Raises ``NotSent`` when apprise could not hand the message over."""
    message = json.loads(body)
    plugin = _plugin(address.url)
    if plugin is None:
        raise NotSent("Its address is not one that can be used any more.")
    kinds = _apprise().NotifyType
    try:
        taken = plugin.notify(
            body=message["body"],
            title=message["title"],
            notify_type=kinds(message["type"]),
        )
    except Exception as error:  # of any of its hundred services
        raise NotSent(f"{plugin.service_name} failed ({type(error).__name__}).") from None
    if not taken:
        raise NotSent(f"{plugin.service_name} did not take it: it was not reached, or it refused.")


def channel_service(url: str) -> str | None:
    """What the service of such an address is called; None when apprise does not know it."""
    plugin = _plugin(url)
    return str(plugin.service_name) if plugin is not None else None


def _plugin(url: str) -> Any:
    apprise = _apprise()
    asset = apprise.AppriseAsset(
        app_id="Headcount", app_desc="Headcount", app_url="", secure_logging=True, async_mode=False
    )
    return apprise.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)


def _apprise() -> Any:
    """The library, once with all its services: it loads them when it sees the first address, and some of them warn of
    what they use.
    """
    with _loading, warnings.catch_warnings():
        if not _loaded:
            warnings.simplefilter("ignore", DeprecationWarning)
            library = import_module("apprise")
            library.Apprise.instantiate("json://127.0.0.1")
            _loaded.append(library)
    return _loaded[0]
