"""Who a workspace is, where it lives, and which people it knows."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
import urllib3
from urllib3.connection import HTTPConnection

from headcount.destinations.customerio.client import CustomerIoClient
from headcount.errors import (
    ConfigurationError,
    CredentialsRefused,
    DestinationError,
    HeadcountError,
    TransientError,
    Unreached,
    WrongWorkspace,
)
from headcount.model import Workspace
from tests.delivery import scripted
from tests.delivery.book import API_KEY, APP_KEY, SITE_ID, client_of
from tests.delivery.scripted import Scripted, say

US, EU = "https://track.customer.io", "https://track-eu.customer.io"
APP_US, APP_EU = "https://api.customer.io", "https://api-eu.customer.io"


class Answers:
    """A pool that answers by address, without a network."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.keys: list[str] = []

    def urlopen(self, method: str, url: str, **options: Any) -> Any:
        assert options["retries"] is False
        assert options["redirect"] is False
        body = b"".join(options["body"] or ())
        self.asked.append(url)
        self.keys.append(options["headers"]["Authorization"])
        answer = self.answers[url](body) if callable(self.answers[url]) else self.answers[url]
        if isinstance(answer, Exception):
            raise answer
        status, document, headers = (*answer, {})[:3]
        return urllib3.HTTPResponse(
            io.BytesIO(json.dumps(document).encode()), headers, status, preload_content=False
        )

    def clear(self) -> None:
        pass


def region(url: str = US, name: str = "us", number: Any = 7) -> tuple[int, Any]:
    return 200, {"url": url, "region": name, "environment_id": number}


def made(answers: dict[str, Any], **options: Any) -> tuple[CustomerIoClient, Answers]:
    pool = Answers(**answers)
    return CustomerIoClient(f" {SITE_ID}\n", f"\t{API_KEY} ", pool=pool, **options), pool


REGION_US, REGION_EU = f"{US}/api/v1/accounts/region", f"{EU}/api/v1/accounts/region"


def test_a_workspace_in_the_united_states_is_found_at_once() -> None:
    client, pool = made({REGION_US: region()})
    assert client.workspace() == Workspace(environment_id=7, region="us", url=US)
    assert pool.asked == [REGION_US]


def test_a_workspace_in_europe_is_written_to_in_europe() -> None:
    client, pool = made({REGION_US: region(EU, "eu"), f"{EU}/api/v2/batch": (200, {})})
    assert client.workspace().url == EU
    client.send(b"{}", 1)
    assert pool.asked[-1] == f"{EU}/api/v2/batch"


def test_europe_is_asked_when_the_united_states_do_not_know_the_keys() -> None:
    client, _ = made({REGION_US: (401, {}), REGION_EU: region(EU, "eu")})
    assert client.workspace() == Workspace(environment_id=7, region="eu", url=EU)


def test_sending_without_asking_first_finds_the_region_once() -> None:
    client, pool = made({REGION_US: region(), f"{US}/api/v2/batch": (200, {})})
    client.send(b"{}", 1)
    client.send(b"{}", 1)
    assert pool.asked == [REGION_US, f"{US}/api/v2/batch", f"{US}/api/v2/batch"]


def test_a_given_region_spares_the_question() -> None:
    client, pool = made({f"{EU}/api/v2/batch": (200, {})}, region="EU")
    client.send(b"{}", 1)
    assert pool.asked == [f"{EU}/api/v2/batch"]


def test_the_keys_are_never_sent_to_an_address_that_is_not_customer_ios() -> None:
    client, pool = made({REGION_US: region("https://evil.example", "us"), f"{US}/api/v2/batch": (200, {})})
    assert client.workspace().url == US
    client.send(b"{}", 1)
    assert all(url.startswith(US) for url in pool.asked)


def test_keys_that_both_regions_refuse_are_refused_with_the_link_to_better_ones() -> None:
    client, _ = made({REGION_US: (401, {}), REGION_EU: (401, {})})
    with pytest.raises(CredentialsRefused, match=r"https://fly\.customer\.io/settings/api_credentials"):
        client.workspace()


def test_a_refusal_counts_only_if_the_other_region_could_be_asked() -> None:
    client, _ = made({REGION_US: (401, {}), REGION_EU: (503, {})})
    with pytest.raises(TransientError):
        client.workspace()


def test_with_a_base_url_only_that_is_asked_and_used() -> None:
    with Scripted(lambda request: say(*region())) as server:
        client = client_of(server.url + "/")
        assert client.workspace() == Workspace(environment_id=7, region="us", url=server.url)
        client.send(b"{}", 1)
        client.close()
    assert [request.path for request in server.requests] == ["/api/v1/accounts/region", "/api/v2/batch"]


def test_an_unreachable_host_is_the_operators_when_asking_who_is_there() -> None:
    with pytest.raises(DestinationError, match="Check the network"):
        client_of(scripted.nobody()).workspace()


@pytest.mark.parametrize("action", [scripted.hang_up, scripted.reset, say(503), say(429), say(200, cut=1)])
def test_a_hiccup_while_asking_is_transient_and_changed_nothing(action: scripted.Action) -> None:
    with Scripted(lambda _: action) as server, pytest.raises(TransientError):
        client_of(server.url).workspace()


@pytest.mark.parametrize(
    "answer",
    [
        (200, []),
        (200, {}),
        (404, {}),
        (400, {}),
        (200, {"environment_id": "7"}),
        (200, {"environment_id": True}),
    ],
)
def test_something_else_than_customer_io_is_noticed(answer: Any) -> None:
    with Scripted(lambda _: say(*answer)) as server:
        client = client_of(server.url)
        with pytest.raises(DestinationError, match="base URL"):
            client.workspace()
        client.close()


def test_another_workspace_than_the_known_one_is_refused() -> None:
    client, _ = made({REGION_US: region()}, environment_id=8)
    with pytest.raises(WrongWorkspace, match="workspace 7, not to 8"):
        client.workspace()


# The App API.


def test_the_name_comes_from_the_app_api() -> None:
    names = (200, {"workspaces": [{"id": 6, "name": "Other"}, {"id": 7, "name": "Production"}]})
    client, pool = made({REGION_US: region(), f"{APP_US}/v1/workspaces": names}, app_api_key=APP_KEY)
    assert client.workspace().name == "Production"
    assert pool.keys[-1] == f"Bearer {APP_KEY}"


def test_a_refused_app_key_says_so() -> None:
    client, _ = made({REGION_US: region(), f"{APP_US}/v1/workspaces": (401, {})}, app_api_key=APP_KEY)
    with pytest.raises(CredentialsRefused, match="App API Key"):
        client.workspace()


def test_the_wrong_datacenter_leads_to_the_right_one_with_the_key() -> None:
    path = "/v1/customers/attributes?id_type=id"
    moved = (301, {"errors": [{"detail": "wrong datacenter"}]}, {"Location": APP_EU + path})
    client, pool = made(
        {APP_US + path: moved, APP_EU + path: (200, {"customers": []})}, app_api_key=APP_KEY, region="us"
    )
    assert client.known("id", ["1"]) == frozenset()
    assert client.known("id", ["1"]) == frozenset()
    assert pool.asked == [APP_US + path, APP_EU + path, APP_EU + path]
    assert set(pool.keys) == {f"Bearer {APP_KEY}"}


def test_a_redirect_to_a_stranger_is_not_followed() -> None:
    path = "/v1/customers/attributes?id_type=id"
    moved = (301, {}, {"Location": "https://evil.example/v1"})
    client, pool = made({APP_US + path: moved}, app_api_key=APP_KEY, region="us")
    with pytest.raises(DestinationError, match="301"):
        client.known("id", ["1"])
    assert len(pool.asked) == 1


def test_known_people_are_told_by_the_identifiers_in_the_answer() -> None:
    def person(**identifiers: Any) -> Any:
        return {"customer": {"id": identifiers.get("id"), "identifiers": identifiers}}

    people = {
        "customers": [person(id="1", email="Ada@Example.com"), person(id="2", email=None), {"customer": None}]
    }
    with Scripted(lambda _: say(200, people)) as server:
        client = client_of(server.url, app_api_key=APP_KEY)
        assert client.known("id", ["1", "2", "3"]) == {"1", "2"}
        assert client.known("email", ["ada@example.COM", "bob@example.com"]) == {"ada@example.COM"}
        assert client.known("id", []) == frozenset()
        client.close()
    assert json.loads(server.requests[0].body) == {"ids": ["1", "2", "3"]}
    assert server.requests[1].path == "/v1/customers/attributes?id_type=email"


def test_ids_are_compared_exactly() -> None:
    with Scripted(lambda _: say(200, {"customers": [{"customer": {"id": "a"}}]})) as server:
        client = client_of(server.url, app_api_key=APP_KEY)
        assert client.known("id", ["A", "a"]) == {"a"}
        client.close()


def test_nobody_known_may_be_said_with_null() -> None:
    with Scripted(lambda _: say(200, {"customers": None})) as server:
        client = client_of(server.url, app_api_key=APP_KEY)
        assert client.known("id", ["a"]) == frozenset()
        client.close()


@pytest.mark.parametrize(
    "answer", [(200, []), (200, {"customers": {}}), (400, {"errors": [{"detail": "no"}]})]
)
def test_an_answer_about_people_that_cannot_be_read_is_an_error(answer: Any) -> None:
    with Scripted(lambda _: say(*answer)) as server:
        client = client_of(server.url, app_api_key=APP_KEY)
        with pytest.raises(DestinationError):
            client.known("id", ["a"])
        client.close()


def test_reading_without_an_app_key_says_where_to_get_one() -> None:
    with pytest.raises(DestinationError, match="keyType=app"):
        client_of("http://localhost:1").known("id", ["1"])


# What people paste.


@pytest.mark.parametrize(
    ("site_id", "api_key", "words"),
    [
        (SITE_ID, "c" * 32, "App API Key, which cannot write"),
        ("Basic abc", API_KEY, "not an Authorization header"),
        (SITE_ID, SITE_ID, "the same text"),
        (SITE_ID, "sa_live_1234", "service account"),
        (SITE_ID, API_KEY, "belong together"),
    ],
)
def test_refused_keys_come_with_a_guess_from_their_shape(site_id: str, api_key: str, words: str) -> None:
    with Scripted(lambda _: say(401)) as server:
        client = CustomerIoClient(site_id, api_key, base_url=server.url)
        with pytest.raises(CredentialsRefused, match=words) as caught:
            client.send(b"{}", 1)
        client.close()
    assert api_key not in str(caught.value)


def test_a_tracking_key_in_the_place_of_the_app_key_is_noticed() -> None:
    with Scripted(lambda _: say(401)) as server:
        client = client_of(server.url, app_api_key=API_KEY)
        with pytest.raises(CredentialsRefused, match="looks like a Tracking API Key"):
            client.known("id", ["1"])
        client.close()


@pytest.mark.parametrize(
    "make",
    [
        lambda: CustomerIoClient("", API_KEY),
        lambda: CustomerIoClient(SITE_ID, "  "),
        lambda: CustomerIoClient(SITE_ID, "se\ncret"),
        lambda: CustomerIoClient(SITE_ID, API_KEY, app_api_key="se cret"),
        lambda: CustomerIoClient(SITE_ID, API_KEY, base_url="se cret"),
        lambda: CustomerIoClient(SITE_ID, API_KEY, base_url="ftp://x"),
        lambda: CustomerIoClient(SITE_ID, API_KEY, base_url="http://me:secret@host"),
        lambda: CustomerIoClient(SITE_ID, API_KEY, base_url="http://host:secret"),
        lambda: CustomerIoClient(SITE_ID, API_KEY, region="asia"),
    ],
)
def test_what_can_be_no_key_and_no_address_is_refused_without_repeating_it(make: Callable[[], Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        make()
    assert "secret" not in str(caught.value)
    assert "cret" not in str(caught.value).replace("Secret", "")


def test_closing_twice_is_fine() -> None:
    client = client_of("http://localhost:1")
    client.close()
    client.close()
    assert isinstance(HeadcountError("x"), Exception)


@pytest.mark.parametrize(
    ("options", "said", "hint"),
    [
        (
            {"base_url": "http://sandbox.invalid:8026"},
            "The host name in the Base URL could not be resolved: sandbox.invalid.",
            "Correct it. Is the sandbox meant? Its address is http://127.0.0.1:8026, or the one it said when it was "
            "started. Else leave the Base URL empty.",
        ),
        (
            {},
            "track.customer.io: the host name could not be resolved.",
            "Check network and name server of this machine. Is the sandbox meant? Its address is "
            "http://127.0.0.1:8026, or the one it said when it was started. It belongs in the Base URL.",
        ),
    ],
)
def test_a_host_name_that_nobody_knows_leads_to_what_was_meant(
    options: dict[str, str], said: str, hint: str
) -> None:
    host = options.get("base_url", US)
    unknown = urllib3.exceptions.NameResolutionError(host, HTTPConnection("nowhere.invalid"), OSError())
    asked = {f"{host}/api/v1/accounts/region": unknown, REGION_EU: unknown}
    client, _ = made(asked, **options)
    with pytest.raises(Unreached) as caught:
        client.workspace()
    assert (caught.value.message, caught.value.hint) == (said, hint)


def test_a_host_name_of_the_app_api_that_nobody_knows_is_told_from_the_other() -> None:
    app = "http://app.invalid"
    unknown = urllib3.exceptions.NameResolutionError(app, HTTPConnection("nowhere.invalid"), OSError())
    asked = {REGION_US: region(), f"{app}/v1/workspaces": unknown}
    client, _ = made(asked, app_base_url=app, app_api_key=APP_KEY)
    with pytest.raises(Unreached, match=r"in the App API base URL could not be resolved: app\.invalid"):
        client.workspace()
