"""Who looks at the pages: a name in a signed cookie, and the token that every form carries."""

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import parse_qs, quote, unquote

from starlette.requests import Request
from starlette.responses import Response


def cookie_of(request: Request) -> str:
    """The name of the cookie. Browsers send it to every port of a machine, where another sandbox may stand."""
    return f"headcount_sandbox_{request.url.port or 0}"


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """There is no password: the name only shows whose menu it is. token guards forms against other sites."""

    name: str
    token: str


class Visitors:
    """Signs with a key of this process: a restart signs everybody out."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def _sign(self, *parts: str) -> str:
        return hmac.new(self._key, "\n".join(parts).encode(), sha256).hexdigest()

    def sign_in(self, name: str, request: Request, response: Response) -> None:
        nonce = secrets.token_hex(8)
        value = f"{quote(name, safe='')}.{nonce}.{self._sign('cookie', name, nonce)}"
        secure = request.url.scheme == "https"
        response.set_cookie(cookie_of(request), value, httponly=True, samesite="strict", secure=secure)

    def of(self, request: Request) -> Visitor | None:
        name, _, rest = request.cookies.get(cookie_of(request), "").partition(".")
        nonce, _, signature = rest.partition(".")
        name = unquote(name)
        if not name or not hmac.compare_digest(signature, self._sign("cookie", name, nonce)):
            return None
        return Visitor(name=name, token=self._sign("form", name, nonce))


async def form(request: Request) -> dict[str, str]:
    """The fields of a posted form; the last value of each."""
    raw = (await request.body()).decode(errors="replace")
    return {name: values[-1].strip() for name, values in parse_qs(raw, keep_blank_values=True).items()}
