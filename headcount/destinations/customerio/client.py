"""Customer.io over HTTP: who a workspace is, one batch at a time, and which people it knows."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import orjson

from headcount.destinations.base import REQUEST_SECONDS, Answer
from headcount.destinations.customerio.answers import batch_answer, parsed, raise_for
from headcount.destinations.customerio.credentials import FIND_APP, Credentials
from headcount.destinations.customerio.region import APP, TRACK, checked_region, checked_url, region_of
from headcount.destinations.customerio.transport import (
    Pool,
    Reply,
    Transport,
    UnknownHostError,
    UnreachedError,
)
from headcount.errors import (
    Answered,
    CredentialsRefused,
    DestinationError,
    HeadcountError,
    TransientError,
    Unreached,
    WrongWorkspace,
)
from headcount.model import Workspace

IDENTIFIERS = ("id", "email", "cio_id")
KEYS_AT_ONCE = 100
READS_PER_SECOND = 10.0  # the App API's documented limit
SENDS_TO = ("POST", "/api/v2/batch")  # where every batch goes

_SANDBOX = (
    "Is the sandbox meant? Its address is http://127.0.0.1:8026, or the one it said when it was started."
)


class CustomerIoClient:
    """A connection to one Customer.io workspace; implements ``headcount.destinations.base.Client``.

    ``base_url`` and ``app_base_url`` put another host in the place of Customer.io's own: the sandbox, a
    proxy. Without ``app_base_url`` the ``base_url`` serves both. ``region`` (us, eu) spares asking where the
    account lives. With ``environment_id`` every other workspace is refused. ``timeout`` is in seconds, for
    one whole request.
    """

    def __init__(
        self,
        site_id: str,
        api_key: str,
        *,
        app_api_key: str | None = None,
        base_url: str | None = None,
        app_base_url: str | None = None,
        region: str | None = None,
        environment_id: int | None = None,
        timeout: float = REQUEST_SECONDS,
        pool_size: int = 10,
        pool: Pool | None = None,
    ) -> None:
        self._credentials = Credentials(site_id, api_key, app_api_key)
        self._override = checked_url(base_url)
        self._app_override = checked_url(app_base_url) or self._override
        self._region = checked_region(region)
        self._environment_id = environment_id
        self._track = self._override or TRACK.get(self._region or "")
        self._app = self._app_override or APP.get(self._region or "")
        self._finding = threading.Lock()
        self._transport = Transport(timeout=timeout, pool_size=pool_size, pool=pool)

    def __repr__(self) -> str:
        return f"<CustomerIoClient {self._track or 'Customer.io'}>"

    def workspace(self) -> Workspace:
        host, answer = self._ask_region()
        said = str(answer.get("region") or "").lower()
        environment_id = answer.get("environment_id")
        if not isinstance(environment_id, int) or isinstance(environment_id, bool):
            raise _not_customer_io(host)
        self._settle(host, said, str(answer.get("url") or ""))
        self._check_environment(environment_id)
        track = self._track or host
        return Workspace(
            environment_id=environment_id, region=said, url=track, name=self._name(environment_id)
        )

    def send(self, body: bytes, count: int) -> Answer:
        url = self._track_url() + SENDS_TO[1]
        reply = self._transport.post(url, self._credentials.tracking, body)
        try:
            return replace(batch_answer(reply, count, self._credentials.advice()), body=reply.body)
        except HeadcountError as error:
            error.answered = Answered(status=reply.status, body=reply.body)
            raise

    def known(self, identifier: str, keys: Sequence[str]) -> frozenset[str]:
        if identifier not in IDENTIFIERS or len(keys) > KEYS_AT_ONCE:
            raise ValueError(f"ask for at most {KEYS_AT_ONCE} keys, by one of {', '.join(IDENTIFIERS)}")
        if not keys:
            return frozenset()
        body = orjson.dumps({"ids": list(keys)})
        reply = self._ask_app(f"/v1/customers/attributes?id_type={identifier}", body)
        return _matching(identifier, keys, _people(reply, self._app or ""))

    def some_people(self, count: int) -> tuple[str, ...]:
        """The cio_ids of at most ``count`` (up to 100) people of the workspace. Needs a reading key."""
        anybody = [{"attribute": {"field": name, "operator": "exists"}} for name in ("id", "email")]
        body = orjson.dumps({"filter": {"or": anybody}})
        reply = self._ask_app(f"/v1/customers?limit={min(count, KEYS_AT_ONCE)}", body)
        answer = parsed(reply.body)
        found = answer.get("identifiers") if isinstance(answer, dict) else None
        people = [one.get("cio_id") for one in found or [] if isinstance(one, dict)]
        return tuple(one for one in people if isinstance(one, str) and one)[:KEYS_AT_ONCE]

    def attribute_names(self, cio_ids: Sequence[str]) -> dict[str, int]:
        """How many of these people (at most 100) have which attribute. Needs a reading key."""
        if not cio_ids:
            return {}
        reply = self._ask_app("/v1/customers/attributes?id_type=cio_id", orjson.dumps({"ids": list(cio_ids)}))
        held = [one.get("attributes") for one in _people(reply, self._app or "")]
        return dict(
            Counter(name for attributes in held if isinstance(attributes, dict) for name in attributes)
        )

    def close(self) -> None:
        self._transport.close()

    # Where the account lives.

    def _track_url(self) -> str:
        if self._track is None:
            with self._finding:
                if self._track is None:
                    host, answer = self._ask_region()
                    self._settle(host, str(answer.get("region") or "").lower(), str(answer.get("url") or ""))
        return self._track or TRACK["us"]

    def _settle(self, host: str, region: str, url: str) -> None:
        """Use the address the answer names, if it is Customer.io's own: keys are sent nowhere else."""
        if self._override:
            return
        found = (
            region_of(url, TRACK) or (region if region in TRACK else None) or region_of(host, TRACK) or "us"
        )
        self._track = TRACK[found]
        self._app = self._app_override or APP[found]

    def _ask_region(self) -> tuple[str, dict[str, Any]]:
        """The first host that knows these credentials, and its answer."""
        hosts = [self._track] if self._track else list(TRACK.values())
        failures: list[HeadcountError] = []
        for host in hosts:
            try:
                return host, self._region_at(host)
            except (CredentialsRefused, TransientError, DestinationError) as error:
                failures.append(error)
        raise _weightiest(failures)

    def _region_at(self, host: str) -> dict[str, Any]:
        reply = self._reached(
            host, lambda: self._transport.get(f"{host}/api/v1/accounts/region", self._credentials.tracking)
        )
        raise_for(reply, self._credentials.advice())
        answer = parsed(reply.body)
        if reply.status != 200 or not isinstance(answer, dict):
            raise _not_customer_io(host)
        return answer

    def _check_environment(self, environment_id: int) -> None:
        if self._environment_id not in (None, environment_id):
            raise WrongWorkspace(
                f"These credentials lead to workspace {environment_id}, not to {self._environment_id}.",
                hint="Use keys of the same workspace, or make a new connection for the other one.",
            )

    # The App API, which reads.

    def _name(self, environment_id: int) -> str:
        """The workspace's name; empty without a reading key, or when it does not see the workspace."""
        if not self._credentials.reads:
            return ""
        answer = parsed(self._ask_app("/v1/workspaces").body)
        listed = answer.get("workspaces") if isinstance(answer, dict) else None
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, dict) and one.get("id") == environment_id:
                return str(one.get("name") or "")
        return ""

    def _ask_app(self, path: str, body: bytes | None = None) -> Reply:
        if not self._credentials.reads:
            raise DestinationError("Reading from Customer.io needs an App API Key.", hint=FIND_APP)
        if self._app is None:
            self._track_url()
        host = self._app or APP["us"]
        reply = self._app_call(host, path, body)
        if reply.status == 301 and (other := self._other_app_host(host, reply)):
            self._app = other
            reply = self._app_call(other, path, body)
        raise_for(reply, self._credentials.app_advice())
        return reply

    def _app_call(self, host: str, path: str, body: bytes | None) -> Reply:
        key = self._credentials.app
        if body is None:
            return self._reached(host, lambda: self._transport.get(host + path, key))
        return self._reached(host, lambda: self._transport.post(host + path, key, body))

    def _reached(self, host: str, call: Callable[[], Reply]) -> Reply:
        """Questions change nothing, so ``applied`` is False; a host that cannot be reached is the operator's."""
        try:
            return call()
        except UnknownHostError as error:
            raise self._unknown(host, error) from error
        except UnreachedError as error:
            hint = "Check the network, the proxy and the base URL."
            raise Unreached(error.message, hint=hint) from error
        except TransientError as error:
            raise TransientError(error.message, applied=False) from error

    def _unknown(self, host: str, error: UnknownHostError) -> Unreached:
        """Most likely somebody mistyped an address, or left out the sandbox's."""
        label = {self._app_override: "App API base URL", self._override: "Base URL"}.get(host)
        if label is None:
            hint = f"Check network and name server of this machine. {_SANDBOX} It belongs in the Base URL."
            return Unreached(error.message, hint=hint)
        name = urlsplit(host).hostname
        return Unreached(
            f"The host name in the {label} could not be resolved: {name}.",
            hint=f"Correct it. {_SANDBOX} Else leave the {label} empty.",
        )

    def _other_app_host(self, host: str, reply: Reply) -> str | None:
        """Where a "wrong datacenter" leads. The key goes along, so only to Customer.io's own hosts."""
        named = region_of(reply.headers.get("Location") or "", APP)
        other = APP.get(named or "")
        return other if other != host and not self._app_override else None


def _weightiest(failures: list[HeadcountError]) -> HeadcountError:
    """Of what two hosts said, the refusal only if both refused: else the trouble with the other may be the
    cause.
    """
    others = [error for error in failures if not isinstance(error, CredentialsRefused)]
    return (others or failures)[0]


def _not_customer_io(host: str) -> DestinationError:
    return DestinationError(f"{host} does not answer as Customer.io does.", hint="Check the base URL.")


def _people(reply: Reply, host: str) -> list[dict[str, Any]]:
    answer = parsed(reply.body)
    people = answer.get("customers") if isinstance(answer, dict) else None
    if reply.status != 200 or not isinstance(people, list | None) or not isinstance(answer, dict):
        raise DestinationError(f"{host} could not say which people it knows ({reply.status}).")
    return [
        one["customer"]
        for one in people or []
        if isinstance(one, dict) and isinstance(one.get("customer"), dict)
    ]


def _matching(identifier: str, keys: Sequence[str], people: list[dict[str, Any]]) -> frozenset[str]:
    """The asked keys among the people's identifiers; emails are compared without case, as there."""

    def canonical(key: str) -> str:
        return key.lower() if identifier == "email" else key

    held = {
        canonical(str(value)) for person in people if (value := _identifier(person, identifier)) is not None
    }
    return frozenset(key for key in keys if canonical(key) in held)


def _identifier(person: dict[str, Any], name: str) -> Any:
    identifiers = person.get("identifiers")
    value = identifiers.get(name) if isinstance(identifiers, dict) else None
    return person.get(name) if value is None else value
