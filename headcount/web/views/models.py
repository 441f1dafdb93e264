"""Models: the list, the form with its preview, and the page of one."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from headcount.engines import Relation
from headcount.errors import ConfigurationError, HeadcountError, SourceError
from headcount.service import models as service
from headcount.service.browsing import ColumnInfo, Rows, relations_of
from headcount.service.connections import find_connection
from headcount.service.entries import Refused, Stale
from headcount.service.masking import set_masked
from headcount.service.roles import Deed
from headcount.web.access import takes
from headcount.web.forms.model import TYPES, ModelForm
from headcount.web.page import Answer, Page, twin
from headcount.web.said import tell

TRAIL = ("Models", "/models/")
SUGGESTED = 2_000  # names of tables in the list below an input


@takes(Deed.LOOK)
def listing(request: HttpRequest) -> Page:
    """Every model and who uses it."""
    return Page(
        template="web/models/list.html",
        title="Models",
        data={"models": service.list_models()},
        extra={"sources": service.sources()},
    )


@takes(Deed.LOOK)
def one(request: HttpRequest, key: str) -> Page:
    """One model: what it reads, and who uses it."""
    found = service.model_details(key)
    return Page(template="web/models/one.html", title=found.name, data={"model": found}, trail=(TRAIL,))


@takes(Deed.LOOK)
def rows(request: HttpRequest, key: str) -> Page:
    """The first rows of a stored model, as the source has them now."""
    draft = service.stored_draft(key)
    found, trouble = _tried(draft)
    masked = {name.casefold() for name in service.model_details(key).masked}
    return Page(
        template="web/models/rows.html",
        title=f"Rows of {draft.name}",
        data={"model": key, "preview": found, "error": trouble},
        trail=(TRAIL, (draft.name, f"/models/{key}/")),
        extra={
            "boxes": [(each.name, each.name.casefold() in masked) for each in found.columns] if found else [],
            "connection": find_connection(draft.connection),
        },
    )


def _tried(draft: service.ModelDraft) -> tuple[Rows | None, str]:
    try:
        return service.try_model(draft), ""
    except HeadcountError as error:
        return None, f"{error.message} {error.hint}".strip()


@takes(Deed.EDIT)
def new(request: HttpRequest) -> Answer:
    """First the connection is chosen, then the rows."""
    connection = request.GET.get("connection", "")
    if not connection:
        return Page(
            template="web/models/choose.html",
            title="New model",
            data={"sources": service.sources()},
            trail=(TRAIL,),
        )
    return _Filled(request, title="New model", connection=connection).answer()


@takes(Deed.EDIT)
def edit(request: HttpRequest, key: str) -> Answer:
    """The form of a stored model."""
    begun = service.stored_draft(key)
    return _Filled(request, title=f"Change {begun.name}", connection=begun.connection, begun=begun).answer()


@takes(Deed.OWN)
def masks(request: HttpRequest, key: str) -> HttpResponse:
    """Choose, among the columns that were shown, those of a connection whose values nobody sees."""
    if request.method == "POST":
        read = request.POST.get("connection") or service.model_details(key).connection
        set_masked(read, request.POST.getlist("masked"), shown=request.POST.getlist("shown"))
        tell(request, "The masked columns were saved.")
    return redirect("model-rows", key=key)


@takes(Deed.EDIT)
def delete(request: HttpRequest, key: str) -> HttpResponse:
    """Delete a model that no sync reads."""
    if request.method != "POST":
        return redirect("model", key=key)
    service.find_model(key)
    try:
        name = service.delete_model(key)
    except ConfigurationError as error:
        tell(request, f"{error.message} {error.hint}", "failed")
        return redirect("model", key=key)
    tell(request, f"{name} was deleted.")
    return redirect("models")


@dataclass
class _Filled:
    """One showing of a model's form: what was typed, and what is done with it."""

    request: HttpRequest
    title: str
    connection: str
    begun: service.ModelDraft | None = None
    preview: Rows | None = None
    unreadable: bool = False

    def answer(self) -> Answer:
        posted = self.request.POST if self.request.method == "POST" else None
        self.version = posted.get("version", "") if posted else self.begun.version if self.begun else ""
        self.form = ModelForm(
            self.connection,
            service.ways_of(self.connection),
            posted,
            begun=self.begun,
            initial={way: self.request.GET[way] for way in service.WAYS if way in self.request.GET}
            | {"name": _name_of(self.request)},
        )
        if posted and self.form.is_valid() and (done := self._done(posted.get("action", "preview"))):
            return done
        return self._page()

    def _done(self, action: str) -> HttpResponse | None:
        """The answer when it was saved, None when the form has to be shown again."""
        name = self.form.cleaned_data["name"].strip()
        key = self.begun.key if self.begun else self.form.cleaned_data["key"] or service.free_key(name)
        draft = self.form.draft(key, self.version if self.begun else "")
        try:
            if action == "preview":
                self.preview = service.try_model(draft)
                return None
            warnings = service.save_model(draft, unread=action == "anyway")
        except Refused as refused:
            self.form.tell(refused)
        except Stale as error:
            self.form.add_error(None, f"{error.message} {error.hint}")
            self.version = service.model_details(key).version
        except SourceError as error:
            self.unreadable = action != "preview"
            self.form.tell_source(f"{error.message} {error.hint}".strip())
        else:
            return self._saved(key, name, warnings)
        return None

    def _saved(self, key: str, name: str, warnings: tuple[str, ...]) -> HttpResponse:
        tell(self.request, f"{name} is saved.")
        for warning in warnings:
            tell(self.request, warning, "attention")
        return redirect("model", key=key)

    def _page(self) -> Page:
        trail = (TRAIL, (self.begun.name, f"/models/{self.begun.key}/")) if self.begun else (TRAIL,)
        relations, trouble = self._relations()
        columns = self._typed_columns()
        return Page(
            template="web/models/form.html",
            title=self.title,
            data={"connection": self.connection, "preview": self.preview},
            extra={
                "form": self.form,
                "version": self.version,
                "relations": relations,
                "trouble": trouble,
                "typed_columns": columns,
                "source_types": any(column and column.declared for column, _, _ in columns),
                "types": TYPES,
                "unreadable": self.unreadable,
                "syncs": service.model_details(self.begun.key).syncs if self.begun else (),
            },
            trail=trail,
        )

    def _relations(self) -> tuple[tuple[Relation, ...], str]:
        try:
            return relations_of(self.connection)[:SUGGESTED], ""
        except HeadcountError as error:
            return (), f"{error.message} {error.hint}".strip()

    def _typed_columns(self) -> list[tuple[ColumnInfo | None, str, str]]:
        """Columns that may be declared: what the source says, the name, and what is declared now."""
        declared = self.form.types()
        if self.preview is None:
            return [(None, name, kind) for name, kind in declared.items()]
        return [(c, c.name, declared.get(c.name, "")) for c in self.preview.columns if c.open]


def _name_of(request: HttpRequest) -> str:
    """A name to begin with, from the table or file that was chosen."""
    chosen = request.GET.get("table") or request.GET.get("path", "").rsplit("/", 1)[-1].split(".", 1)[0]
    return chosen.rsplit(".", 1)[-1].replace("_", " ").strip('"').capitalize()


routes = [
    *twin("models/", listing, "models"),
    *twin("models/new/", new, "model-new"),
    *twin("models/<str:key>/", one, "model"),
    *twin("models/<str:key>/rows/", rows, "model-rows"),
    *twin("models/<str:key>/edit/", edit, "model-edit"),
    path("models/<str:key>/masks/", masks, name="model-masks"),
    path("models/<str:key>/delete/", delete, name="model-delete"),
]
