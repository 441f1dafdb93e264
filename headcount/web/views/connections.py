"""Connections: the list, the form of each service, and the page of one."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from headcount.errors import ConfigurationError, SourceBusy, WrongWorkspace
from headcount.project.kinds import CUSTOMERIO, KINDS, ConnectionKind
from headcount.service import connections as service
from headcount.service.browsing import relations_of
from headcount.service.connection_draft import connect, current, free_key, try_draft
from headcount.service.entries import Refused, Stale
from headcount.service.reaching import TestReport
from headcount.service.removal import remove_connection
from headcount.service.roles import Deed
from headcount.web.access import takes
from headcount.web.forms.connection import ConnectionForm
from headcount.web.forms.typed import Typed
from headcount.web.page import Answer, Page, twin
from headcount.web.said import tell

TRAIL = ("Connections", "/connections/")


@takes(Deed.LOOK)
def listing(request: HttpRequest) -> Page:
    """Every connection with its last test, and the menu that adds one."""
    found = service.list_connections()
    by_role = {role: [info for info in found if info.role == role] for role in ("destination", "source")}
    return Page(
        template="web/connections/list.html",
        title="Connections",
        data={"destinations": by_role["destination"], "sources": by_role["source"]},
        extra={
            "services": {
                "Sources": [kind for kind in KINDS.values() if kind.role == "source"],
                "Destinations": [kind for kind in KINDS.values() if kind.role == "destination"],
            }
        },
    )


@takes(Deed.LOOK)
def one(request: HttpRequest, key: str) -> Page:
    """One connection: what is known about it, who uses it, and what may be done with it."""
    found = service.connection_details(key)
    return Page(
        template="web/connections/one.html",
        title=found.info.name,
        data={"connection": found},
        trail=(TRAIL,),
    )


@takes(Deed.EDIT)
def tables(request: HttpRequest, key: str) -> Page:
    """What a source has to offer: tables, views, files."""
    name = service.find_connection(key).name
    return Page(
        template="web/connections/tables.html",
        title=f"What {name} has",
        data={"connection": key, "relations": relations_of(key)},
        trail=(TRAIL, (name, f"/connections/{key}/")),
    )


@takes(Deed.OWN)
def add(request: HttpRequest, type: str) -> Answer:
    """The form of one service."""
    kind = KINDS.get(type)
    if kind is None:
        raise Http404
    return _Filled(request, kind, title=f"Connect {kind.label}", settings=_sandbox(kind)).answer()


def _sandbox(kind: ConnectionKind) -> dict[str, object] | None:
    """The address of the sandbox that was started with the pages, for a connection that may lead to it."""
    return {"base_url": settings.SANDBOX_URL} if settings.SANDBOX_URL and kind is CUSTOMERIO else None


@takes(Deed.OWN)
def edit(request: HttpRequest, key: str) -> Answer:
    """The form of a stored connection."""
    kind, name, stored, version = current(key)
    return _Filled(
        request, kind, title=f"Change {name}", key=key, name=name, settings=stored, version=version
    ).answer()


@takes(Deed.OWN)
def test(request: HttpRequest, key: str) -> HttpResponse:
    """Test a stored connection and say what it answered."""
    if request.method == "POST":
        report = service.test_connection(key)
        words = f"{report.message} {report.hint}".strip()
        tell(request, f"{words} ({report.milliseconds} ms)", "ok" if report.passed else "failed")
        for note in report.notes:
            tell(request, note, "attention")
    return redirect("connection", key=key)


@takes(Deed.OWN)
def delete(request: HttpRequest, key: str) -> HttpResponse:
    """Delete a connection that nobody uses."""
    if request.method != "POST":
        return redirect("connection", key=key)
    name = service.find_connection(key).name
    try:
        remove_connection(key, typed=request.POST.get("typed", ""))
    except ConfigurationError as error:
        tell(request, f"{error.message} {error.hint}", "failed")
        return redirect("connection", key=key)
    tell(request, f"{name} was deleted.")
    return redirect("connections")


@dataclass
class _Filled:
    """One showing of a connection's form: what was typed, and what is done with it."""

    request: HttpRequest
    kind: ConnectionKind
    title: str
    key: str = ""
    name: str = ""
    settings: dict[str, object] | None = None
    version: str = ""
    report: TestReport | None = None

    def answer(self) -> Answer:
        posted = self.request.POST if self.request.method == "POST" else None
        self.typed = Typed(self.request.session, posted.get("typed", "") if posted else "")
        self.form = self._form()
        if posted:
            valid = self.form.is_valid()
            self.typed.drop(self.form.dropped())
            self.typed.add(self.form.new_secrets())
            self.version = posted.get("version", "")
            if valid and (done := self._done(posted.get("action", "connect"))):
                return done
            self._placeholders()
        return self._page()

    def _form(self) -> ConnectionForm:
        return ConnectionForm(
            self.kind,
            self.request.POST if self.request.method == "POST" else None,
            name=self.name,
            settings=self.settings,
            typed=self.typed.values,
            is_new=not self.key,
        )

    def _done(self, action: str) -> HttpResponse | None:
        """The answer when it was saved, None when the form has to be shown again."""
        name = self.form.cleaned_data["name"].strip()
        key = self.key or self.form.cleaned_data["key"] or free_key(name)
        draft = self.form.draft(key, self.version if self.key else "", self.typed.values)
        try:
            if action == "test":
                self._blame(try_draft(draft))
                return None
            report = connect(draft, untested=action == "anyway")
        except Refused as refused:
            self.form.tell(refused)
            return None
        except (Stale, WrongWorkspace, SourceBusy) as error:
            self.form.add_error(None, f"{error.message} {error.hint}".strip())
            self.version = current(key)[3] if isinstance(error, Stale) else self.version
            return None
        if not report.passed and action != "anyway":
            self._blame(report)
            return None
        return self._saved(key, name, report)

    def _blame(self, report: TestReport) -> None:
        """Show what the test came to; what is wrong stands beside the field it is about."""
        self.report = report
        if not report.passed and report.field in self.form.fields:
            self.form.add_error(report.field, f"{report.message} {report.hint}".strip())

    def _saved(self, key: str, name: str, report: TestReport) -> HttpResponse:
        self.typed.forget()
        if report.passed:
            tell(self.request, f"{name} is connected. {report.message}")
        else:
            tell(self.request, f"{name} is saved, and did not pass its test: {report.message}", "attention")
        for note in report.notes:
            tell(self.request, note, "attention")
        return redirect("connection", key=key)

    def _placeholders(self) -> None:
        """Secrets that were typed are not shown again; their boxes say that they are kept."""
        for name in self.typed.values:
            self.form.fields[name].widget.attrs["placeholder"] = "typed before; leave empty to keep"

    def _page(self) -> Page:
        trail = (TRAIL, (self.name, f"/connections/{self.key}/")) if self.key else (TRAIL,)
        return Page(
            template="web/connections/form.html",
            title=self.title,
            data={"type": self.kind.name},
            extra={
                "form": self.form,
                "kind": self.kind,
                "typed": self.typed.number,
                "version": self.version,
                "report": self.report,
                "is_new": not self.key,
                "refused": bool(self.report and not self.report.passed),
            },
            trail=trail,
        )


routes = [
    *twin("connections/", listing, "connections"),
    *twin("connections/<str:key>/", one, "connection"),
    *twin("connections/<str:key>/tables/", tables, "connection-tables"),
    path("connections/<str:key>/test/", test, name="connection-test"),
    path("connections/<str:key>/delete/", delete, name="connection-delete"),
    *twin("connections/<str:key>/edit/", edit, "connection-edit"),
    *twin("connections/add/<str:type>/", add, "connection-add"),
]
