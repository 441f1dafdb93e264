"""Workspaces that answer who they are, and nothing else."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


class Workspaces:
    """``credentials`` maps "site id:api key" to the number of the workspace they belong to."""

    def __init__(self, credentials: dict[str, int]) -> None:
        self.credentials = credentials
        workspaces = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                pair = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()
                found = workspaces.credentials.get(pair)
                answer = {"region": "us", "url": workspaces.url, "environment_id": found}
                body = json.dumps(answer if found else {"meta": {"error": "Unauthorized request"}}).encode()
                self.send_response(200 if found else 401)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Workspaces:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
