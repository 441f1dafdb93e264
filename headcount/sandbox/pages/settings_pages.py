"""Account Settings: API Credentials with its two tabs, and creating new ones."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headcount.sandbox.account import Account
from headcount.sandbox.identity import IdentityMode
from headcount.sandbox.pages.frame import page, post_form
from headcount.sandbox.pages.markup import Markup, link, table, tag
from headcount.sandbox.pages.moment import ago
from headcount.sandbox.pages.visitor import Visitor, form
from headcount.sandbox.workspace import Workspace

CREDENTIALS = "/settings/api_credentials"
NEW = f"{CREDENTIALS}/new"
IDENTIFIED = {"email-or-id": "email or id", "id-only": "id only", "email-only": "email only"}


class SettingsPages:
    def __init__(self, account: Account) -> None:
        self.account = account

    def home(self, request: Request, visitor: Visitor) -> Response:
        entry = tag(
            "li", link(CREDENTIALS, "API Credentials"), tag("p", "Keys for the Track API and the App API.")
        )
        return page("Account Settings", tag("ul", entry, class_="cards"), visitor=visitor)

    def credentials(self, request: Request, visitor: Visitor) -> Response:
        is_app = request.query_params.get("keyType") == "app"
        button = link(
            f"{NEW}{'?keyType=app' if is_app else ''}", "Create New API Credentials", class_="button"
        )
        rows = self._app_rows() if is_app else self._track_rows()
        parts = (_crumbs(), _tabs(is_app), rows, _base_url(request))
        return page("API Credentials", *parts, visitor=visitor, action=button)

    def _track_rows(self) -> Markup:
        rows: list[list[object]] = [
            [key.name, _where(each), tag("code", key.site_id), tag("code", key.api_key), ago(key.created_at)]
            for each in self.account.workspaces.values()
            for key in each.track_keys
        ]
        return table(["Name", "Workspace", "Site ID", "API Key", "Created"], rows, "No credentials yet.")

    def _app_rows(self) -> Markup:
        rows: list[list[object]] = [
            [key.name, _where(each), tag("code", f"{key.token[:4]}…"), ago(key.created_at)]
            for each in self.account.workspaces.values()
            for key in each.app_keys
        ]
        note = tag("p", "An App API key is shown once, when it is created.")
        return tag("div", note, table(["Name", "Workspace", "Key", "Created"], rows, "No App API keys yet."))

    def new(self, request: Request, visitor: Visitor) -> Response:
        return self._form(visitor, is_app=request.query_params.get("keyType") == "app", given={}, problem="")

    def _form(self, visitor: Visitor, *, is_app: bool, given: dict[str, str], problem: str) -> Response:
        choices = [
            tag("option", _label(each), value=number, selected=given.get("workspace") == str(number))
            for number, each in self.account.workspaces.items()
        ]
        new = tag("option", "Create a new workspace", value="new", selected=given.get("workspace") == "new")
        fields = tag(
            "div",
            tag("p", problem, class_="problem", role="alert") if problem else None,
            _field("Name", tag("input", name="name", id="name", value=given.get("name", ""), required=True)),
            _field("Workspace", tag("select", choices, new, name="workspace", id="workspace")),
            _new_workspace(given),
            tag("input", type="hidden", name="keyType", value="app" if is_app else "track"),
            tag("button", "Create App API Key" if is_app else "Create Credentials"),
            class_="fields",
        )
        status = 400 if problem else 200
        title = "Create New API Credentials"
        return page(title, _crumbs(), post_form(NEW, visitor, fields), visitor=visitor, status=status)

    async def create(self, request: Request, visitor: Visitor) -> Response:
        given = await form(request)
        is_app = given.get("keyType") == "app"
        if problem := self._problem(given):
            return self._form(visitor, is_app=is_app, given=given, problem=problem)
        workspace = self._chosen(given)
        if not is_app:
            self.account.new_track_key(workspace, given["name"])
            return RedirectResponse(CREDENTIALS, 303)
        key = self.account.new_app_key(workspace, given["name"])
        shown = tag("p", tag("code", key.token, id="app-key"))
        note = tag("p", "Copy this key now: it cannot be shown again.")
        back = tag("p", link(f"{CREDENTIALS}?keyType=app", "Back to App API Keys"))
        return page("App API Key created", _crumbs(), note, shown, back, visitor=visitor)

    def _problem(self, given: dict[str, str]) -> str:
        if not given.get("name"):
            return "Give the credentials a name."
        chosen = given.get("workspace", "")
        if chosen != "new" and not (chosen.isdecimal() and int(chosen) in self.account.workspaces):
            return "Choose a workspace."
        if chosen == "new" and not given.get("workspace_name"):
            return "Give the new workspace a name."
        return ""

    def _chosen(self, given: dict[str, str]) -> Workspace:
        if given["workspace"] != "new":
            return self.account.workspaces[int(given["workspace"])]
        region = "eu" if given.get("region") == "eu" else "us"
        mode = IdentityMode(given.get("mode", "email-or-id"))
        return self.account.create(given["workspace_name"], region, mode)


def _label(workspace: Workspace) -> str:
    return f"{workspace.profile.name} ({workspace.profile.region.upper()})"


def _where(workspace: Workspace) -> Markup:
    return link(f"/workspaces/{workspace.profile.id}/people", _label(workspace))


def _crumbs() -> Markup:
    trail = [link("/settings", "Account Settings"), " › ", link(CREDENTIALS, "API Credentials")]
    return tag("p", trail, class_="crumbs")


def _base_url(request: Request) -> Markup:
    """Customer.io has one address; this stand-in has its own, which whoever uses the keys has to know."""
    url = tag("code", str(request.base_url).rstrip("/"), id="base-url")
    return tag("p", "Base URL of this sandbox, for clients that use these keys: ", url)


def _tabs(is_app: bool) -> Markup:
    track = link(CREDENTIALS, "Tracking API Keys", aria_current=None if is_app else "page")
    app = link(f"{CREDENTIALS}?keyType=app", "App API Keys", aria_current="page" if is_app else None)
    return tag("p", track, app, class_="tabs")


def _field(label: str, box: Markup) -> Markup:
    return tag("p", tag("label", label, for_=label.lower().replace(" ", "-")), box)


def _new_workspace(given: dict[str, str]) -> Markup:
    """Only read when "Create a new workspace" is chosen."""
    regions = [tag("option", text, value=value) for value, text in (("us", "US"), ("eu", "EU"))]
    modes = [tag("option", text, value=value) for value, text in IDENTIFIED.items()]
    name = given.get("workspace_name", "")
    box = tag("input", name="workspace_name", id="workspace-name", value=name)
    return tag(
        "fieldset",
        tag("legend", "For a new workspace"),
        _field("Workspace name", box),
        _field("Region", tag("select", regions, name="region", id="region")),
        _field("Identify people by", tag("select", modes, name="mode", id="identify-people-by")),
    )
