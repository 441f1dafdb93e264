"""A form that could not be taken, because whoever sent it was signed out by then or has signed in anew since.

What was typed travels, encrypted, through the sign-in page and stands in a form again on the other side of it. Nothing
is done before its sender says so once more. Passwords and other secrets are left behind: pages never show one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import REASON_BAD_ORIGIN
from django.shortcuts import render

from headcount.control.secrets import seal, unseal
from headcount.project.kinds import KINDS
from headcount.web.forms.sign_in import SignInForm

SECONDS = 24 * 3600
FIELD = "unsent"  # what the sign-in form calls it
_SECRETS = {"password", "again", "present", "url"} | {
    name for kind in KINDS.values() for name in kind.secrets
}
_OURS = {"csrfmiddlewaretoken", FIELD}


@dataclass(frozen=True, kw_only=True)
class Unsent:
    """``address`` is where the form was sent to; ``fields`` its inputs in their order, one name perhaps several times.
    ``bare`` says that secrets were left out.
    """

    address: str
    fields: tuple[tuple[str, str], ...]
    bare: bool = False

    @staticmethod
    def of(request: HttpRequest) -> Unsent:
        """What this request carries."""
        bare = any(request.POST.get(name) for name in _SECRETS)
        return Unsent(address=request.get_full_path(), fields=tuple(_inputs(request)), bare=bare)

    @property
    def sealed(self) -> str:
        """As text that nobody can read, for a day."""
        bare = "yes" if self.bare else ""
        return seal({"address": self.address, "fields": json.dumps(self.fields), "bare": bare})


def _inputs(request: HttpRequest) -> Iterator[tuple[str, str]]:
    for name, values in request.POST.lists():
        if name not in _OURS and name not in _SECRETS:
            yield from ((name, str(value)) for value in values)


def carried(request: HttpRequest) -> Unsent | None:
    """The form that the sign-in form has brought along."""
    found = unseal(request.POST.get(FIELD, ""), seconds=SECONDS)
    if not found:
        return None
    fields = tuple((name, value) for name, value in json.loads(found["fields"]))
    return Unsent(address=found["address"], fields=fields, bare=bool(found["bare"]))


def sign_in_first(request: HttpRequest, unsent: Unsent | None, **initial: str) -> HttpResponse:
    """The front door, with a form that waits behind it."""
    form = SignInForm(request, initial=initial)
    context = {"title": "Sign in", "form": form, "unsent": unsent.sealed if unsent else ""}
    return render(request, "web/sign_in.html", context, status=401)


def ask_again(request: HttpRequest, unsent: Unsent) -> HttpResponse:
    """The page that sends the form, if its sender still wants that."""
    context = {"title": "Your form has not been sent yet", "unsent": unsent}
    return render(request, "web/unsent.html", context, status=409)


def away(request: HttpRequest) -> HttpResponse:
    """For a part of a page that refreshes itself: the whole page is asked for again, save where somebody types."""
    response = render(request, "web/away.html", status=401)
    if request.method == "GET":
        response.headers["HX-Refresh"] = "true"
    else:
        response.headers["HX-Reselect"] = "#away"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def from_here(request: HttpRequest, reason: str) -> bool:
    """Did one of our own pages send the form that Django refused for this ``reason``? Browsers say whose it was."""
    origin = request.headers.get("Origin")
    return origin is not None and reason != REASON_BAD_ORIGIN % origin
