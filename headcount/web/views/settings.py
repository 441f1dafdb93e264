"""Settings: one's own account, tokens, masked columns, and what this installation is."""

from __future__ import annotations

from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_POST

from headcount.control.models import User
from headcount.service import masks, people, tokens
from headcount.service.about import about
from headcount.service.passwords import change_password
from headcount.service.roles import Deed, may
from headcount.web.access import takes
from headcount.web.forms.people import ChangePasswordForm, TokenForm
from headcount.web.page import Page, twin
from headcount.web.said import tell

HERE = (("Settings", "/settings/"),)


def me(request: HttpRequest) -> User:
    """Who is signed in; views that ask are never reached by anybody else."""
    assert isinstance(request.user, User)
    return request.user


@takes(Deed.LOOK)
def account(request: HttpRequest) -> Page:
    """Who one is here."""
    person = people.find(me(request).username)
    return Page(
        template="web/settings/account.html",
        title="Settings",
        data={"person": person},
        extra={"tab": "account"},
    )


@takes(Deed.LOOK)
def password(request: HttpRequest) -> Page | HttpResponse:
    """Change one's own password."""
    form = ChangePasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and form.tried(lambda: _changed(request, form)):
        tell(request, "Your password is changed. Wherever else you were signed in, you are signed out.")
        return redirect("settings")
    return Page(
        template="web/settings/password.html",
        title="Change your password",
        data={},
        extra={"form": form},
        trail=HERE,
    )


def _changed(request: HttpRequest, form: ChangePasswordForm) -> bool:
    user, typed = me(request), form.cleaned_data
    address = str(request.META.get("REMOTE_ADDR", ""))
    change_password(user.username, typed["present"], typed["password"], address=address)
    user.refresh_from_db(fields=["password"])
    update_session_auth_hash(request, user)  # the session of this very browser goes on
    return True


@takes(Deed.LOOK)
def own_tokens(request: HttpRequest) -> Page:
    """One's tokens; an Owner sees everybody's. A new one is shown in the answer to its form, and never again."""
    user = me(request)
    form = TokenForm(request.POST or None, own=user.role)
    issued = None
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        issued = form.tried(lambda: tokens.issue(user.username, name=typed["name"], role=typed["role"]))
    all_ = may(user.role, Deed.OWN)
    return Page(
        template="web/settings/tokens.html",
        title="API tokens",
        data={"tokens": tokens.listing(None if all_ else user.username)},
        extra={"tab": "tokens", "issued": issued, "form": TokenForm(own=user.role) if issued else form},
        trail=HERE,
    )


@takes(Deed.LOOK)
@require_POST
def revoke_token(request: HttpRequest, token: int) -> HttpResponse:
    """End a token."""
    gone = tokens.revoke(token, by=me(request).username)
    tell(request, f"The token {gone.prefix}… ({gone.name}) is revoked: whoever still uses it is refused.")
    return redirect("settings-tokens")


@takes(Deed.LOOK)
def masked(request: HttpRequest) -> Page:
    """Columns whose values nobody sees here."""
    return Page(
        template="web/settings/masks.html",
        title="Masked columns",
        data={"masks": masks.listing()},
        extra={"tab": "masks"},
        trail=HERE,
    )


@takes(Deed.OWN)
@require_POST
def unmask(request: HttpRequest, mask: int) -> HttpResponse:
    """Show a column's values again."""
    shown = masks.unmask(mask)
    tell(
        request,
        f"The values of {shown.column} of {shown.connection_name or shown.connection} are shown again.",
    )
    return redirect("settings-masks")


@takes(Deed.LOOK)
def about_page(request: HttpRequest) -> Page:
    """What this installation is."""
    return Page(
        template="web/settings/about.html",
        title="About",
        data={"about": about()},
        extra={"tab": "about"},
        trail=HERE,
    )


routes = [
    *twin("settings/", account, "settings"),
    *twin("settings/password/", password, "settings-password"),
    *twin("settings/tokens/", own_tokens, "settings-tokens"),
    path("settings/tokens/<int:token>/revoke/", revoke_token, name="settings-token-revoke"),
    *twin("settings/masks/", masked, "settings-masks"),
    path("settings/masks/<int:mask>/unmask/", unmask, name="settings-mask-unmask"),
    *twin("settings/about/", about_page, "settings-about"),
]
