"""The guide's first step, walked word for word, and the pages that show what arrived."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

import pytest


class Browser:
    """Follows links and sends forms with its cookie, as a browser without JavaScript does."""

    def __init__(self, cio) -> None:
        self.cio = cio
        self.cookie = ""
        self.text = ""
        self.status = 0

    def go(self, path: str) -> "Browser":
        return self._take(self.cio.send("GET", path, None, {"Cookie": self.cookie}))

    def post(self, path: str, **fields: str) -> "Browser":
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        return self._take(self.cio.send("POST", path, urlencode(fields).encode(), headers))

    def _take(self, answered) -> "Browser":
        if "set-cookie" in answered.headers:
            self.cookie = answered.headers["set-cookie"].partition(";")[0]
        if answered.status == 303:
            return self.go(answered.headers["location"])
        self.status, self.text, self.headers = answered.status, answered.raw.decode(), answered.headers
        return self

    def click(self, words: str) -> "Browser":
        found = re.search(rf'<a href="([^"]*)"[^>]*>{re.escape(words)}</a>', self.text)
        assert found, f"no link {words!r}"
        return self.go(found[1].replace("&amp;", "&"))

    @property
    def token(self) -> str:
        found = re.search(r'name="token" value="([^"]+)"', self.text)
        assert found
        return found[1]


@pytest.fixture
def browser(cio) -> Iterator[Browser]:
    browser = Browser(cio)
    yield browser.go("/").post("/sign-in", name="Ada <Lovelace>")


def test_the_guide_can_be_walked_word_for_word(browser, cio):
    assert "Ada &lt;Lovelace&gt;" in browser.text
    browser.click("Account Settings").click("API Credentials").click("Create New API Credentials")
    fields = {
        "name": "Headcount",
        "workspace": "new",
        "workspace_name": "Acme",
        "region": "eu",
        "mode": "email-or-id",
    }
    browser.post("/settings/api_credentials/new", token=browser.token, **fields)
    assert "Site ID" in browser.text
    assert "API Key" in browser.text
    made = cio.admin("workspaces")["workspaces"][-1]
    assert (made["name"], made["region"]) == ("Acme", "eu")
    [key] = made["track_keys"]
    assert key["site_id"] in browser.text
    assert key["api_key"] in browser.text
    assert f'<code id="base-url">{cio.url}</code>' in browser.text
    assert f'<code id="base-url">{cio.url}</code>' in browser.click("App API Keys").text


def test_an_app_key_is_shown_once(browser, cio):
    browser.go("/settings/api_credentials").click("App API Keys").click("Create New API Credentials")
    fields = {"name": "Reader", "workspace": "1002", "keyType": "app"}
    browser.post("/settings/api_credentials/new", token=browser.token, **fields)
    token = cio.admin("workspaces")["workspaces"][1]["app_keys"][-1]["token"]
    assert token in browser.text
    assert token not in browser.go("/settings/api_credentials?keyType=app").text


def test_a_form_with_a_mistake_keeps_what_was_typed_and_says_what_to_do(browser):
    browser.go("/settings/api_credentials/new")
    browser.post("/settings/api_credentials/new", token=browser.token, name="Typed", workspace="new")
    assert browser.status == 400
    assert "Give the new workspace a name." in browser.text
    assert 'value="Typed"' in browser.text


def test_forms_without_the_visitors_token_are_refused(browser, cio):
    before = cio.admin("workspaces")
    browser.post("/settings/api_credentials/new", token="x", name="Evil", workspace="1001")
    assert browser.status == 403
    assert cio.admin("workspaces") == before


def test_without_a_name_every_page_leads_to_sign_in(cio):
    stranger = Browser(cio)
    for path in ("/", "/settings", "/workspaces/1001/people"):
        assert "<h1>Sign in</h1>" in stranger.go(path).text
    stranger.cookie = f"headcount_sandbox_{urlsplit(cio.url).port}=Ada.0.0"
    assert "<h1>Sign in</h1>" in stranger.go("/").text


def test_the_cookie_is_this_sandboxs_and_no_other_ones_on_the_machine(browser, cio):
    assert browser.cookie.startswith(f"headcount_sandbox_{urlsplit(cio.url).port}=")


def test_signing_out_ends_the_visit(browser):
    browser.go("/settings")
    assert "<h1>Sign in</h1>" in browser.post("/sign-out", token=browser.token).text
    assert "<h1>Sign in</h1>" in browser.go("/").text


def test_every_page_says_it_is_a_stand_in_and_runs_no_script(browser, cio, item):
    cio.batch(item.identify("1", email="ada@example.com", note="<script>alert(1)</script>"))
    person = f"people/{cio.person('1')['cio_id']}"
    for path in ("people", person, "events", "segments", "objects", "activity", "requests"):
        browser.go(f"/workspaces/1001/{path}")
        assert browser.status == 200
        assert "local stand-in for Customer.io" in browser.text
        assert "<script" not in browser.text
        assert "default-src 'none'" in browser.headers["content-security-policy"]
    assert browser.go("/_sandbox/static/sandbox.css").status == 200


def test_people_are_listed_searched_and_shown_with_their_history(browser, cio, item):
    cio.batch(*(item.identify(str(n), email=f"user{n}@example.com", plan="pro") for n in range(60)))
    cio.batch(item.event("7", "bought", attributes={"total": 5}), item.identify("7", plan="free"))
    browser.go("/workspaces/1001/people")
    assert "60 people" in browser.text
    assert browser.click("Next").text.count("<tr>") == 11
    browser.go("/workspaces/1001/people?q=USER7@example.com").click("7")
    for words in ("Attributes", "Segments", "Events", "Activity Log", "bought", "pro&quot; → &quot;free"):
        assert words in browser.text
    assert "Nobody matches." in browser.go("/workspaces/1001/people?q=nobody").text
    assert browser.go("/workspaces/1001/people/ffff").status == 404
    assert browser.go("/workspaces/9/people").status == 404


def test_events_segments_and_objects_are_shown(browser, cio, item):
    for _ in range(2):
        cio.batch(item.event("1", "bought", id="01ARZ3NDEKTSV4RRFFQ69G5FAV"))
    assert "2 times, counted once" in browser.go("/workspaces/1001/events").text
    assert "No events yet." in browser.go("/workspaces/1001/events?q=other").text
    browser.go("/workspaces/1001/segments")
    assert "VIP" in browser.post("/workspaces/1001/segments", token=browser.token, name="VIP").text
    browser.go("/workspaces/1001/objects")
    assert (
        "Planes (type 2)" in browser.post("/workspaces/1001/objects", token=browser.token, name="Planes").text
    )
