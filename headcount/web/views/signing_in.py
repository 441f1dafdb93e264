"""Signing in and out, and the links that let somebody in for the first time."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

from headcount.control.models import User
from headcount.service import signing_in, welcome
from headcount.service.passwords import too_often
from headcount.service.people import Person
from headcount.web.access import open_to_all
from headcount.web.forms.people import FirstOwnerForm, NewPasswordForm
from headcount.web.forms.sign_in import SignInForm
from headcount.web.said import tell
from headcount.web.trouble import say
from headcount.web.unsent import FIELD, ask_again, carried

_NO_OWNER = (
    "There is an Owner already, or the link is too old. As long as there is no Owner, Headcount prints a new link when"
    " it starts."
)
_USED = "It was used, or it is too old. Ask an Owner for a new one, or run: headcount users reset NAME."


class SignIn(LoginView):
    """The form of the front door."""

    template_name = "web/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True
    next_page = "home"
    extra_context = {"title": "Sign in"}  # noqa: RUF012

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        name, password = _typed(request)
        pause = signing_in.knock(name, _address(request)) if name and password else timedelta()
        return _wait(self, pause) if pause else super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        signing_in.came_in(form.get_user().get_username(), _address(self.request))
        response, unsent = super().form_valid(form), carried(self.request)
        return ask_again(self.request, unsent) if unsent else response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        name, password = _typed(self.request)
        if name and password:
            signing_in.stayed_out(name, _address(self.request))
        return super().form_invalid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(unsent=self.request.POST.get(FIELD, ""), **kwargs)


def _typed(request: HttpRequest) -> tuple[str, str]:
    return request.POST.get("username", "").strip()[:200], request.POST.get("password", "")


def _wait(view: SignIn, pause: timedelta) -> HttpResponse:
    """The form again, with nothing but how long to wait: not even whether the password was right."""
    form = view.authentication_form(view.request, initial={"username": _typed(view.request)[0]})
    context = view.get_context_data(form=form, wait=too_often(pause))
    response = render(view.request, view.template_name, context, status=429)
    response.headers["Retry-After"] = str(ceil(pause.total_seconds()))
    return response


def _address(request: HttpRequest) -> str:
    """Where the request came from; the server has put a trusted proxy's word there."""
    return str(request.META.get("REMOTE_ADDR", ""))


@open_to_all
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    if isinstance(request.user, User):
        signing_in.left(request.user.username)
    logout(request)
    return redirect("sign-in")


@open_to_all
def first_owner(request: HttpRequest, token: str) -> HttpResponse:
    """Make the Owner that a new Headcount begins with."""
    if not welcome.first_owner_wanted(token):
        return _not_good(request, _NO_OWNER)
    form = FirstOwnerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        person = form.tried(
            lambda: welcome.create_first_owner(
                token, typed["username"], typed["password"], name=typed["name"]
            )
        )
        if person is not None:
            return _let_in(request, person, typed["password"])
    title = "Create the Owner"
    return render(request, "web/welcome/first.html", {"title": title, "form": form})


@open_to_all
def invited(request: HttpRequest, person: int, token: str) -> HttpResponse:
    """Set a password, with a link that somebody was given."""
    found = welcome.invited(person, token)
    if found is None:
        return _not_good(request, _USED)
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        done = form.tried(lambda: welcome.set_password(person, token, typed["password"]))
        if done is not None:
            return _let_in(request, done, typed["password"])
    title = f"Welcome, {found.name or found.username}"
    return render(request, "web/welcome/invited.html", {"title": title, "form": form, "person": found})


def _not_good(request: HttpRequest, hint: str) -> HttpResponse:
    return say(request, 410, "This link is not good any more.", hint)


def _let_in(request: HttpRequest, person: Person, password: str) -> HttpResponse:
    """Whoever has just set the password need not type it again."""
    user = authenticate(request, username=person.username, password=password)
    if user is None:  # deactivated in this very moment
        return redirect("sign-in")
    login(request, user)
    signing_in.came_in(person.username, _address(request))
    tell(request, f"Welcome. You sign in as {person.username} with this password from now on.")
    return redirect("home")


sign_in = open_to_all(SignIn.as_view())

routes = [
    path("sign-in/", sign_in, name="sign-in"),
    path("sign-out/", sign_out, name="sign-out"),
    path("welcome/first/<str:token>/", first_owner, name="welcome-first"),
    path("welcome/<int:person>/<str:token>/", invited, name="welcome"),
]
