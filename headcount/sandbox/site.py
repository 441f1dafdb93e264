"""Everything that is no API: the admin endpoints and the pages."""

import inspect
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from headcount.sandbox.admin import Admin
from headcount.sandbox.gateway import App, Gateway
from headcount.sandbox.pages.frame import page
from headcount.sandbox.pages.markup import tag
from headcount.sandbox.pages.people_pages import PeoplePages
from headcount.sandbox.pages.settings_pages import CREDENTIALS, NEW, SettingsPages
from headcount.sandbox.pages.visitor import Visitors, cookie_of, form
from headcount.sandbox.pages.workspace_pages import WorkspacePages

STYLE = Path(__file__).parent / "static" / "sandbox.css"
Endpoint = Callable[[Request], Any]


def make_site(gateway: Gateway, certificate: str | None) -> App:
    return Starlette(routes=[*Admin(gateway, certificate).routes(), *Pages(gateway).routes()])


class Pages:
    """Sends a visitor without a name to the sign-in page, and refuses forms without the visitor's token."""

    def __init__(self, gateway: Gateway) -> None:
        self.account = gateway.account
        self.visitors = Visitors()
        self.settings = SettingsPages(gateway.account)
        self.people = PeoplePages(gateway.account)
        self.workspace = WorkspacePages(gateway.account, gateway.recording)

    def routes(self) -> list[Route]:
        here = "/workspaces/{workspace:int}"
        looks: dict[str, Callable[..., Any]] = {
            "people": self.people.all,
            "people/{cio_id}": self.people.one,
            "events": self.workspace.events,
            "segments": self.workspace.segments,
            "objects": self.workspace.objects,
            "activity": self.workspace.activity,
            "requests": self.workspace.requests,
        }
        return [
            Route("/_sandbox/static/sandbox.css", _style),
            Route("/sign-in", self.sign_in, methods=["GET", "POST"]),
            Route("/sign-out", self._mine(self.sign_out), methods=["POST"]),
            Route("/", self._mine(self.home)),
            Route("/settings", self._mine(self.settings.home)),
            Route(CREDENTIALS, self._mine(self.settings.credentials)),
            Route(NEW, self._mine(self.settings.new)),
            Route(NEW, self._mine(self.settings.create), methods=["POST"]),
            *(Route(f"{here}/{path}", self._mine(function, "workspace")) for path, function in looks.items()),
            Route(f"{here}/segments", self._mine(self.workspace.new_segment, "workspace"), methods=["POST"]),
            Route(
                f"{here}/objects", self._mine(self.workspace.new_object_type, "workspace"), methods=["POST"]
            ),
        ]

    def _mine(self, function: Callable[..., Any], *arguments: str) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            visitor = self.visitors.of(request)
            if visitor is None:
                return RedirectResponse("/sign-in", 303)
            if request.method == "POST" and (await form(request)).get("token") != visitor.token:
                text = tag(
                    "p", "This form is from another visit. Go back, reload the page and send it again."
                )
                return page("Not accepted", text, visitor=visitor, status=403)
            if not arguments:
                return await _awaited(function(request, visitor))
            workspace = self.account.workspaces.get(request.path_params["workspace"])
            if workspace is None:
                return page(
                    "No such workspace", tag("p", "It may have been reset."), visitor=visitor, status=404
                )
            workspace.settle(time.time())
            return await _awaited(function(request, visitor, workspace))

        return endpoint

    def home(self, request: Request, visitor: object) -> Response:
        first = next(iter(self.account.workspaces))
        return RedirectResponse(f"/workspaces/{first}/people", 303)

    async def sign_in(self, request: Request) -> Response:
        """A name is enough: this is a stand-in, and it listens on this machine."""
        if request.method == "POST" and (name := (await form(request)).get("name", "")[:60]):
            response = RedirectResponse("/", 303)
            self.visitors.sign_in(name, request, response)
            return response
        box = tag("input", name="name", id="name", required=True, autocomplete="name", autofocus=True)
        label = tag("label", "Your name", for_="name")
        note = tag("p", "Any name will do. There is no password: the sandbox holds nothing but test data.")
        return page(
            "Sign in", note, tag("form", tag("p", label, box), tag("button", "Sign in"), method="post")
        )

    def sign_out(self, request: Request, visitor: object) -> Response:
        response = RedirectResponse("/sign-in", 303)
        response.delete_cookie(cookie_of(request))
        return response


async def _awaited(result: Any) -> Response:
    response: Response = await result if inspect.isawaitable(result) else result
    return response


async def _style(request: Request) -> Response:
    return FileResponse(STYLE, media_type="text/css")
