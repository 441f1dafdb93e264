"""The steps of a form that its buttons redraw until it is saved. Each is kept, encrypted, and has an address, so Back
and Forward lead from one to the next, and loading a page again sends nothing.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict

from headcount.control.models import User
from headcount.service.form_steps import forget_steps, keep_step, kept_step
from headcount.web.said import tell

NAME = "step"  # in addresses


def sent(request: HttpRequest) -> QueryDict | None:
    """The form that was sent here, or the step that the address names; None when somebody comes anew."""
    if request.method == "POST":
        return request.POST
    name = request.GET.get(NAME, "")
    form = kept_step(_person(request), name, address=_address(request)) if name else None
    if name and form is None:
        tell(request, "What was typed there is kept no longer; this is how it is now.", "attention")
    return QueryDict(form) if form is not None else None


def only_pressed(request: HttpRequest) -> bool:
    """Was a form sent by a button of its page, to see what it makes of it? Parts of pages ask for themselves."""
    return request.method == "POST" and not request.headers.get("HX-Request")


def step(request: HttpRequest, do: str, *, trail: str = "") -> HttpResponse | None:
    """Keep the form that was sent, and lead to the page that shows what its button ``do`` makes of it. None when the
    form is too large to be kept: then its page has to be the answer itself. ``trail`` is the same for all its steps.
    """
    form = request.POST.copy()
    form.pop("csrfmiddlewaretoken", None)
    form["do"] = do
    name = keep_step(_person(request), address=_address(request), form=form.urlencode(), trail=trail)
    return HttpResponseRedirect(f"{request.path}?{NAME}={name}") if name is not None else None


def shown(request: HttpRequest) -> tuple[int, str]:
    """Whose step this page shows, and its name, which is empty when the page is the answer to a form."""
    return _person(request), request.GET.get(NAME, "")


def forget(request: HttpRequest, trail: str) -> None:
    """Keep the steps of a form no longer: what it was for is made."""
    forget_steps(_person(request), trail)


def _person(request: HttpRequest) -> int:
    assert isinstance(request.user, User)  # others do not get here
    return request.user.pk


def _address(request: HttpRequest) -> str:
    """The same for a page and its twin."""
    return request.path.removesuffix(".json").rstrip("/")
