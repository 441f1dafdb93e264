"""The front door: API calls go to the API they mean, everything else to the pages."""

import asyncio
import gzip
import time
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol
from urllib.parse import parse_qsl

from headcount.sandbox import app_api, authorization, track_v1, track_v2
from headcount.sandbox.account import Account
from headcount.sandbox.call import Answer, Call, refusal
from headcount.sandbox.faults import Fault, Faults
from headcount.sandbox.recording import Recorded, Recording
from headcount.sandbox.sink import Sink
from headcount.sandbox.workspace import Workspace

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOO_MANY = refusal({"meta": {"error": "too many requests"}}, 429)
APP_TOO_MANY = refusal({"errors": [{"detail": "too many requests", "status": "429"}]}, 429)
BAD_GZIP = refusal({"meta": {"error": "the body is not gzip"}}, 400)
OTHER_REGION = "/_sandbox/region/"  # where a "wrong datacenter" answer points to
API = ("/api/v1/", "/api/v2/", "/v1/", "/unsubscribe/")


class Transport(Protocol):
    def close(self) -> None: ...
    def abort(self) -> None: ...


class Gateway:
    """An ASGI application. site answers whatever is no API path."""

    def __init__(self, account: Account, site: App, sink: Sink | None) -> None:
        self.account = account
        self.site = site
        self.sink = sink
        self.faults = Faults()
        self.recording = Recording(bodies=sink is None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.site(scope, receive, send)
            return
        path = scope["raw_path"].decode("latin-1")
        redirected = path.startswith(OTHER_REGION)
        if redirected:
            path = "/" + path.removeprefix(OTHER_REGION).partition("/")[2]
        if path.startswith(API):
            await self._api(path, redirected, scope, receive, send)
        else:
            await self.site(scope, receive, send)

    async def _api(self, path: str, redirected: bool, scope: Scope, receive: Receive, send: Send) -> None:
        entry = self.recording.arrive(time.monotonic(), time.time())
        try:
            call = _call(path, redirected, scope, await _body(receive), entry.wall)
            workspace = self._workspace(call)
            self._note(entry, call, scope, workspace)
            fault = None
            if self.faults:
                fault = self.faults.pick(call.method, path, entry.workspace, call.body)
            await self._serve(call, workspace, fault, entry, scope, send)
        finally:
            self.recording.leave(entry, time.monotonic())

    def _workspace(self, call: Call) -> Workspace | None:
        header = call.headers.get("authorization", "")
        if call.path.startswith("/v1/"):
            return authorization.app_workspace(self.account, header)
        return authorization.track_workspace(self.account, header)

    def _note(self, entry: Recorded, call: Call, scope: Scope, workspace: Workspace | None) -> None:
        entry.method, entry.path = call.method, call.path
        entry.query = scope["query_string"].decode("latin-1")
        entry.user_agent = call.headers.get("user-agent", "")
        entry.workspace = workspace.profile.id if workspace else None
        self.recording.keep_body(entry, call.body)

    async def _serve(
        self,
        call: Call,
        workspace: Workspace | None,
        fault: Fault | None,
        entry: Recorded,
        scope: Scope,
        send: Send,
    ) -> None:
        transport: Transport = scope["extensions"]["sandbox.transport"]
        if fault:
            entry.fault = fault.kind
            await asyncio.sleep(fault.latency)
        if fault and fault.kind == "drop_before":
            await _drop(transport)
            return
        answer = self._answer(call, workspace, fault, entry.arrived)
        entry.answer = answer.body if self.recording.bodies or len(answer.body) > 3 else None
        if fault and fault.kind == "drop_after":
            await _drop(transport)
        elif fault and fault.kind == "truncate":
            entry.status = answer.status
            await _truncate(answer, transport, send)
        else:
            entry.status = answer.status
            await _send(answer, send)

    def _answer(self, call: Call, workspace: Workspace | None, fault: Fault | None, arrived: float) -> Answer:
        is_app = call.path.startswith("/v1/")
        over = False
        if workspace:
            rate = workspace.settings.app_rate if is_app else workspace.settings.track_rate
            count = (workspace.app_arrivals if is_app else workspace.track_arrivals).arrive(arrived)
            over = bool(rate and count > rate)
        if fault and fault.kind == "status":
            return Answer(status=fault.status, body=fault.status_body(), headers=fault.headers)
        if over:
            return APP_TOO_MANY if is_app else TOO_MANY
        answer = self._dispatch(call, workspace, fault)
        if fault and fault.kind == "not_json":
            return Answer(
                status=fault.row_status if fault.status == 207 else 200, body=b"<html>all is well</html>"
            )
        return answer

    def _dispatch(self, call: Call, workspace: Workspace | None, fault: Fault | None) -> Answer:
        if call.headers.get("content-encoding") == "gzip":
            try:
                call = _unpacked(call)
            except (OSError, EOFError, zlib.error):
                return BAD_GZIP
        if workspace is None:
            return track_v1.without_credentials(call) or authorization.refused(call.path)
        if call.path.startswith("/v1/"):
            workspace.settle(call.received)
            return app_api.handle(self.account, workspace, call)
        if self.sink:
            return self.sink.handle(workspace, call, fault)
        workspace.settle(call.received)
        if call.path.startswith("/api/v2/"):
            return track_v2.handle(workspace, call, fault)
        return track_v1.handle(workspace, call)


async def _body(receive: Receive) -> bytes:
    message = await receive()
    if not message.get("more_body"):
        return bytes(message.get("body", b""))
    parts = [message["body"]]
    while message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
    return b"".join(parts)


def _call(path: str, redirected: bool, scope: Scope, body: bytes, received: float) -> Call:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"]
    return Call(
        method=scope["method"],
        path=path,
        query=dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else {},
        headers=headers,
        body=body,
        received=received,
        base_url=f"{scope['scheme']}://{headers.get('host', 'localhost')}",
        redirected=redirected,
    )


def _unpacked(call: Call) -> Call:
    values = {name: getattr(call, name) for name in Call.__dataclass_fields__}
    return Call(**{**values, "body": gzip.decompress(call.body)})


def _start(answer: Answer) -> Message:
    headers = {
        "content-type": answer.content_type,
        "content-length": str(len(answer.body)),
        "cache-control": "no-cache, no-store, must-revalidate, max-age=0",
        **{name.lower(): value for name, value in answer.headers.items()},
    }
    if answer.status == 204:
        del headers["content-length"], headers["content-type"]
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http.response.start", "status": answer.status, "headers": pairs}


async def _send(answer: Answer, send: Send) -> None:
    await send(_start(answer))
    await send({"type": "http.response.body", "body": answer.body})


async def _truncate(answer: Answer, transport: Transport, send: Send) -> None:
    """Announces the whole length, sends about half and closes."""
    await send(_start(answer))
    await send(
        {"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True}
    )
    transport.close()
    await _closed()


async def _drop(transport: Transport) -> None:
    transport.abort()
    await _closed()


async def _closed() -> None:
    """Lets the server notice that the connection is gone, so that it does not answer for us."""
    for _ in range(3):
        await asyncio.sleep(0)
