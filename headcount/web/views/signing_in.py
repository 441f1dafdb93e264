"""Signing in and out."""

from __future__ import annotations

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from headcount.web.access import open_to_all


class SignIn(LoginView):
    """The form of the front door."""

    template_name = "web/sign_in.html"
    authentication_form = AuthenticationForm
    redirect_authenticated_user = True
    next_page = "home"
    extra_context = {"title": "Sign in"}  # noqa: RUF012  (Django's way to say it)


sign_in = open_to_all(SignIn.as_view())
sign_out = open_to_all(LogoutView.as_view(next_page="sign-in"))

routes = [
    path("sign-in/", sign_in, name="sign-in"),
    path("sign-out/", sign_out, name="sign-out"),
]
