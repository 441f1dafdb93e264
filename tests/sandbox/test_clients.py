"""The clients that teams already use talk to the sandbox unchanged."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import customerio
import pytest
import urllib3
from async_customerio import AsyncCustomerIO

from headcount.sandbox.seed import PRODUCTION
from headcount.sandbox.server import Running, start_in_thread

ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture(scope="module")
def secure(tmp_path_factory) -> Iterator[tuple[Running, Path]]:
    """A sandbox with TLS, and the file that a client must trust."""
    sandbox = start_in_thread(tls=True)
    trusted = tmp_path_factory.mktemp("tls") / "authority.pem"
    trusted.write_text(sandbox.certificate or "")
    yield sandbox, trusted
    sandbox.stop()


def people(running: Running):
    return {person.id: person for person in running.account.workspaces[1001].people}


def test_the_official_python_client_works_over_tls(secure, monkeypatch):
    running, trusted = secure
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    where = urlsplit(running.url)
    with customerio.CustomerIO(
        PRODUCTION.site_id, PRODUCTION.api_key, host=where.hostname, port=where.port
    ) as client:
        client.identify("a/b+c", plan="pro", email="ada@example.com")
        client.track("a/b+c", "bought", {"total": 5}, id=ULID, timestamp=1_700_000_000)
        client.track("a/b+c", "bought", {"total": 5}, id=ULID)
        client.track_anonymous("anon", "looked", {})
        client.pageview("a/b+c", "/home")
        client.backfill("a/b+c", "old", 1_600_000_000)
        client.add_device("a/b+c", "token", "ios")
        client.delete_device("a/b+c", "token")
        client.identify("2")
        client.merge_customers("id", "a/b+c", "id", "2")
        client.identify("3")
        client.suppress("3")
        client.unsuppress("3")
        client.identify("4")
        client.delete("4")
        rows = [{"type": "person", "identifiers": {"id": "5"}, "action": "identify"}, {"type": "person"}]
        assert client.batch(rows).status_code == 207
        with pytest.raises(customerio.CustomerIOException, match="400"):
            client.identify("6", bio="x" * 1001)
    assert set(people(running)) == {"a/b+c", "5"}
    workspace = running.account.workspaces[1001]
    assert [event.name for event in workspace.events] == ["bought", "looked", "/home", "old"]


def test_the_official_python_client_is_refused_with_wrong_credentials(secure, monkeypatch):
    running, trusted = secure
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    where = urlsplit(running.url)
    with (
        customerio.CustomerIO("x", "y", host=where.hostname, port=where.port) as client,
        pytest.raises(customerio.CustomerIOException, match="401"),
    ):
        client.identify("1")


def test_async_customerio_works_over_tls(secure, monkeypatch):
    running, trusted = secure
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    where = urlsplit(running.url)

    async def talk() -> None:
        host, port = where.hostname, where.port
        async with AsyncCustomerIO(PRODUCTION.site_id, PRODUCTION.api_key, host=host, port=port) as client:
            await client.identify("async1", plan="pro")
            await client.track("async1", "bought", total=5)
            await client.delete("async1")
            await client.identify("async2", plan="pro")

    asyncio.run(talk())
    assert "async2" in people(running)
    assert "async1" not in people(running)


def test_a_client_that_does_not_trust_the_certificate_is_told_so(secure):
    running, _ = secure
    with pytest.raises(urllib3.exceptions.HTTPError, match="certificate verify failed"):
        urllib3.request("GET", running.url, retries=False)


def test_the_certificate_can_be_fetched(secure):
    running, trusted = secure
    pool = urllib3.PoolManager(ca_certs=str(trusted))
    assert pool.request("GET", f"{running.url}/_sandbox/certificate").data.decode() == trusted.read_text()
    headers = urllib3.make_headers(basic_auth=f"{PRODUCTION.site_id}:{PRODUCTION.api_key}")
    told = pool.request("GET", f"{running.url}/api/v1/accounts/region", headers=headers).json()
    assert told["url"] == running.url
    pool.clear()


# Version 4 of the client speaks to https on port 443 alone, which no test may listen on: this needs version 5.
NODE = """
const { TrackClient, APIClient } = require('customerio-node');
const [url, site, key, app] = process.argv.slice(1);
const track = new TrackClient(site, key, { url: url + '/api/v1' });
(async () => {
  await track.identify('node 1/2', { plan: 'pro' });
  await track.track('node 1/2', { name: 'bought', data: { total: 5 } });
  await track.mergeCustomers('id', 'node 1/2', 'id', 'nobody');
  const api = new APIClient(app, { url: url + '/v1' });
  console.log(JSON.stringify(await api.getCustomersByEmail('nobody@example.com')));
})().catch((error) => { console.error(error); process.exit(1); });
"""


# The Node client comes from another registry, so this test exists only where somebody has installed it.
if os.environ.get("NODE_PATH") and (NODE_PROGRAM := shutil.which("node")):

    def test_the_official_node_client_works(cio, running):
        keys = [PRODUCTION.site_id, PRODUCTION.api_key, PRODUCTION.app_key]
        command = [NODE_PROGRAM, "-e", NODE, cio.url, *keys]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert cio.person("node 1/2")["attributes"]["plan"] == "pro"
        assert '"results":[]' in done.stdout
