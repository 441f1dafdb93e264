"""People and their roles: for Owners."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_POST

from headcount.service import people, welcome
from headcount.service.people import Person
from headcount.service.roles import Deed
from headcount.web.access import takes
from headcount.web.forms.people import AddPersonForm, PersonForm
from headcount.web.page import Page, as_page, twin
from headcount.web.said import tell

HERE = (("Settings", "/settings/"), ("People", "/settings/people/"))


@takes(Deed.OWN)
def everybody(request: HttpRequest) -> Page:
    """All people."""
    return Page(
        template="web/settings/people.html",
        title="People",
        data={"people": people.listing()},
        extra={"tab": "people"},
        trail=HERE[:1],
    )


@takes(Deed.OWN)
def add(request: HttpRequest) -> Page:
    """Add somebody; the answer shows, once, the link to hand over."""
    form = AddPersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        typed = form.cleaned_data
        person = form.tried(lambda: people.add(typed["username"], typed["role"], name=typed["name"]))
        if person is not None:
            return _link(request, person)
    return Page(
        template="web/settings/person_add.html",
        title="Add a person",
        data={},
        extra={"form": form},
        trail=HERE,
    )


@takes(Deed.OWN)
def person(request: HttpRequest, person: int) -> Page | HttpResponse:
    """One person: name and role, access, a new link."""
    found = people.find_by_id(person)
    form = PersonForm(request.POST or None, initial={"name": found.name, "role": found.role})
    if request.method == "POST" and form.is_valid():
        saved = form.tried(lambda: _change(found, form))
        if saved is not None:
            tell(request, f"{saved.username} is saved.")
            return redirect("settings-people")
    return Page(
        template="web/settings/person.html",
        title=found.name or found.username,
        data={"person": found},
        extra={"form": form},
        trail=HERE,
    )


def _change(found: Person, form: PersonForm) -> Person:
    """Only what is another now; both or neither."""
    new = {name: form.cleaned_data[name] for name in ("name", "role")}
    return people.change(
        found.username, **{name: text for name, text in new.items() if text != getattr(found, name)}
    )


@takes(Deed.OWN)
@require_POST
def new_link(request: HttpRequest, person: int) -> HttpResponse:
    """A link with which the person sets a new password, shown once."""
    return as_page(_link)(request, people.find_by_id(person))


def _link(request: HttpRequest, person: Person) -> Page:
    address = request.build_absolute_uri(welcome.link_path(person.username))
    return Page(
        template="web/settings/person_link.html",
        title=f"A link for {person.name or person.username}",
        data={"person": person},
        extra={"link": address, "days": welcome.OWN_PASSWORD_WITHIN.days},
        trail=HERE,
    )


@takes(Deed.OWN)
@require_POST
def deactivate(request: HttpRequest, person: int) -> HttpResponse:
    """End somebody's access."""
    gone = people.deactivate(people.find_by_id(person).username)
    tell(request, f"{gone.username} is deactivated: their sessions and tokens have ended.")
    return redirect("settings-people")


@takes(Deed.OWN)
@require_POST
def activate(request: HttpRequest, person: int) -> HttpResponse:
    """Give access back."""
    back = people.activate(people.find_by_id(person).username)
    tell(request, f"{back.username} may sign in again.")
    return redirect("settings-people")


@takes(Deed.OWN)
@require_POST
def delete(request: HttpRequest, person: int) -> HttpResponse:
    """Delete somebody whose username was typed to confirm it."""
    found = people.find_by_id(person)
    if request.POST.get("username", "").strip() != found.username:
        tell(request, f"Nothing was deleted: type {found.username} to confirm it.", "attention")
        return redirect("settings-person", person=person)
    people.delete(found.username)
    tell(request, f"{found.username} and their tokens are deleted. What they did stays in the activity.")
    return redirect("settings-people")


routes = [
    *twin("settings/people/", everybody, "settings-people"),
    *twin("settings/people/add/", add, "settings-person-add"),
    *twin("settings/people/<int:person>/", person, "settings-person"),
    path("settings/people/<int:person>/link/", new_link, name="settings-person-link"),
    path("settings/people/<int:person>/deactivate/", deactivate, name="settings-person-deactivate"),
    path("settings/people/<int:person>/activate/", activate, name="settings-person-activate"),
    path("settings/people/<int:person>/delete/", delete, name="settings-person-delete"),
]
