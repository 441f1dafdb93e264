"""The sandbox's own endpoints under /_sandbox/: look at everything, reset, and order trouble."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from headcount.sandbox import admin_dump, wire
from headcount.sandbox.gateway import Gateway
from headcount.sandbox.identity import IdentityMode
from headcount.sandbox.settings import Settings
from headcount.sandbox.workspace import Workspace

Body = dict[str, Any]
Told = dict[str, Any]


def told(value: Told, status: int = 200) -> Response:
    return Response(wire.dump(value) + b"\n", status, media_type="application/json")


async def body(request: Request) -> Body:
    raw = await request.body()
    given = wire.parse(raw) if raw.strip() else {}
    if not isinstance(given, dict):
        raise ValueError("the body must be a JSON object")
    return given


class Admin:
    """Every answer is JSON; a request that makes no sense gets 400 and {"error": why}."""

    def __init__(self, gateway: Gateway, certificate: str | None) -> None:
        self.gateway = gateway
        self.account = gateway.account
        self.certificate = certificate

    def routes(self) -> list[Route]:
        read: dict[str, Callable[[Workspace, dict[str, str]], Told]] = {
            "people": admin_dump.people,
            "events": admin_dump.events,
            "segments": admin_dump.segments,
            "objects": admin_dump.objects,
            "relationships": admin_dump.relationships,
            "suppressed": admin_dump.suppressed,
            "activities": admin_dump.activities,
            "forms": admin_dump.forms,
            "collections": admin_dump.collections,
        }
        return [
            *(Route(f"/_sandbox/{name}", self._reader(function)) for name, function in read.items()),
            Route("/_sandbox/workspaces", _guarded(self.workspaces), methods=["GET", "POST"]),
            Route("/_sandbox/workspaces/{id:int}/{family}_keys", _guarded(self.new_key), methods=["POST"]),
            Route("/_sandbox/segments", _guarded(self.new_segment), methods=["POST"]),
            Route("/_sandbox/object_types", _guarded(self.new_object_type), methods=["POST"]),
            Route("/_sandbox/reset", _guarded(self.reset), methods=["POST"]),
            Route("/_sandbox/settle", _guarded(self.settle), methods=["POST"]),
            Route("/_sandbox/settings", _guarded(self.settings), methods=["GET", "PATCH"]),
            Route("/_sandbox/requests", _guarded(self.requests), methods=["GET", "DELETE"]),
            Route("/_sandbox/counts", _guarded(self.counts)),
            Route("/_sandbox/rates", _guarded(self.rates), methods=["GET", "DELETE"]),
            Route("/_sandbox/sink", _guarded(self.sink), methods=["GET", "DELETE"]),
            Route("/_sandbox/faults", _guarded(self.faults), methods=["GET", "POST", "DELETE"]),
            Route("/_sandbox/faults/{id:int}", _guarded(self.fault), methods=["DELETE"]),
            Route("/_sandbox/certificate", _guarded(self.show_certificate)),
        ]

    def workspace(self, given: Any) -> Workspace:
        """The workspace with this environment_id, by default the first; raises ValueError."""
        if given is None:
            return next(iter(self.account.workspaces.values()))
        found = self.account.workspaces.get(int(given))
        if found is None:
            raise ValueError(f"there is no workspace {given}")
        return found

    def _chosen(self, given: Any) -> list[Workspace]:
        return list(self.account.workspaces.values()) if given is None else [self.workspace(given)]

    def _reader(self, function: Callable[[Workspace, dict[str, str]], Told]) -> Callable[[Request], Any]:
        async def read(request: Request) -> Response:
            query = dict(request.query_params)
            workspace = self.workspace(query.pop("workspace", None))
            workspace.settle(admin_dump.now())
            return told(function(workspace, query))

        return _guarded(read)

    async def workspaces(self, request: Request) -> Response:
        if request.method == "POST":
            given = await body(request)
            mode = IdentityMode(given.get("mode", "email-or-id"))
            region = given.get("region", "us")
            if region not in ("us", "eu"):
                raise ValueError("region must be us or eu")
            made = self.account.create(
                str(given["name"]), region, mode, phone=bool(given.get("phone", False))
            )
            self.account.new_track_key(made, "Default")
            self.account.new_app_key(made, "Default")
            return told(admin_dump.workspace_json(made), 201)
        return told(
            {"workspaces": [admin_dump.workspace_json(each) for each in self.account.workspaces.values()]}
        )

    async def new_key(self, request: Request) -> Response:
        workspace = self.workspace(request.path_params["id"])
        name = str((await body(request)).get("name", "Unnamed"))
        if request.path_params["family"] == "track":
            return told(asdict(self.account.new_track_key(workspace, name)), 201)
        if request.path_params["family"] == "app":
            return told(asdict(self.account.new_app_key(workspace, name)), 201)
        raise ValueError("there are track_keys and app_keys")

    async def new_segment(self, request: Request) -> Response:
        given = await body(request)
        workspace = self.workspace(given.get("workspace"))
        manual = given.get("type", "manual") == "manual"
        made = workspace.segments.add(
            str(given["name"]), str(given.get("description", "")), int(admin_dump.now()), manual=manual
        )
        workspace.journal.note("segment", made.id)
        return told(admin_dump.segment_json(workspace, made), 201)

    async def new_object_type(self, request: Request) -> Response:
        given = await body(request)
        workspace = self.workspace(given.get("workspace"))
        made = workspace.objects.add_type(str(given["name"]), str(given.get("singular", given["name"])))
        workspace.journal.note("object_types", 0)
        return told(asdict(made), 201)

    async def reset(self, request: Request) -> Response:
        """One workspace's data; or, without a workspace, also requests, faults, settings and counters."""
        chosen = (await body(request)).get("workspace")
        for workspace in self._chosen(chosen):
            workspace.clear()
            if chosen is None:
                workspace.settings = Settings()
        if chosen is None:
            self.gateway.faults.clear()
            self.gateway.recording.clear()
            if self.gateway.sink:
                self.gateway.sink.clear()
        return told({"reset": chosen or "all"})

    async def settle(self, request: Request) -> Response:
        """Applies at once whatever apply_delay still holds back."""
        for workspace in self._chosen((await body(request)).get("workspace")):
            workspace.settle(float("inf"))
        return told({"waiting": 0})

    async def settings(self, request: Request) -> Response:
        given = await body(request) if request.method == "PATCH" else {}
        chosen = given.pop("workspace", request.query_params.get("workspace"))
        for workspace in self._chosen(chosen):
            if given:
                workspace.change_settings(given)
        return told({str(each.profile.id): asdict(each.settings) for each in self._chosen(chosen)})

    async def requests(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.gateway.recording.clear()
            return told({"requests": []})
        return told(admin_dump.requests(self.gateway.recording, dict(request.query_params)))

    async def counts(self, request: Request) -> Response:
        chosen = self._chosen(request.query_params.get("workspace"))
        return told({str(each.profile.id): admin_dump.counts(each) for each in chosen})

    async def rates(self, request: Request) -> Response:
        for workspace in self._chosen(None) if request.method == "DELETE" else ():
            workspace.track_arrivals.clear()
            workspace.app_arrivals.clear()
            self.gateway.recording.max_in_flight = self.gateway.recording.in_flight
        return told(admin_dump.rates(self.account, self.gateway.recording))

    async def sink(self, request: Request) -> Response:
        if self.gateway.sink is None:
            raise ValueError("this sandbox was not started with --sink")
        if request.method == "DELETE":
            self.gateway.sink.clear()
        return told(self.gateway.sink.as_json())

    async def faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.gateway.faults.clear()
        elif request.method == "POST":
            given = await body(request)
            rules = given.get("faults", [given])
            made = [self.gateway.faults.add(rule).id for rule in rules]
            return told({"ids": made, "id": made[-1]}, 201)
        return told({"faults": self.gateway.faults.listed()})

    async def fault(self, request: Request) -> Response:
        self.gateway.faults.remove(request.path_params["id"])
        return told({"faults": self.gateway.faults.listed()})

    async def show_certificate(self, request: Request) -> Response:
        if self.certificate is None:
            raise ValueError("this sandbox was not started with --tls")
        return Response(self.certificate, media_type="application/x-pem-file")


def _guarded(endpoint: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Refuses what a page of another site could send: a browser names the site in Origin."""

    async def guarded(request: Request) -> Response:
        origin = request.headers.get("origin", "")
        if request.method != "GET" and origin and origin.partition("://")[2] != request.headers.get("host"):
            return told({"error": "requests from other sites are refused"}, 403)
        try:
            response: Response = await endpoint(request)
        except (ValueError, KeyError, TypeError) as error:
            return told({"error": f"{type(error).__name__}: {error}"}, 400)
        return response

    return guarded
