"""The steps of a form that its buttons redraw until it is saved. Each is kept in the session, encrypted, and has an
address, so Back and Forward lead from one to the next, and loading a page again sends nothing.
"""

from __future__ import annotations

import secrets
import zlib
from base64 import b85decode, b85encode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict

from headcount.control.secrets import seal, unseal
from headcount.web.said import tell

SECONDS = 24 * 3600
MOST = 20  # of one person; the oldest go first
SIZE = 500_000  # characters of all of them
NAME = "step"  # in addresses
_KEPT = "steps"


def sent(request: HttpRequest) -> QueryDict | None:
    """The form that was sent here, or the step that the address names; None when somebody comes anew."""
    if request.method == "POST":
        return request.POST
    name = request.GET.get(NAME, "")
    found = unseal(dict(request.session.get(_KEPT, ())).get(name, ""), seconds=SECONDS) if name else {}
    if name and not found:
        tell(request, "What was typed there is kept no longer; this is how it is now.", "attention")
    return QueryDict(zlib.decompress(b85decode(found["form"]))) if found else None


def step(request: HttpRequest, do: str) -> HttpResponse:
    """Keep the form that was sent, and lead to the page that shows what its button ``do`` makes of it."""
    form = request.POST.copy()
    form.pop("csrfmiddlewaretoken", None)
    form["do"] = do
    name = secrets.token_hex(4)
    sealed = seal({"form": b85encode(zlib.compress(form.urlencode().encode())).decode()})
    request.session[_KEPT] = _newest([*request.session.get(_KEPT, ()), [name, sealed]])
    return HttpResponseRedirect(f"{request.path}?{NAME}={name}")


def _newest(steps: list[list[str]]) -> list[list[str]]:
    kept = steps[-MOST:]
    while len(kept) > 1 and sum(len(sealed) for _, sealed in kept) > SIZE:
        kept = kept[1:]
    return kept
