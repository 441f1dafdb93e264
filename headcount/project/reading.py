"""Reads a project file: every mistake in it at once, each with its line and the mend."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, TypeVar

from pydantic import ValidationError

from headcount.errors import ConfigurationError
from headcount.project import keys, words
from headcount.project.checks import model_problems, sync_problems
from headcount.project.connection_entry import BudgetEntry, mistakes, settings_of, unknown_kind
from headcount.project.connection_names import name_problems
from headcount.project.entry import Entry
from headcount.project.kinds import BUDGET, KINDS
from headcount.project.lines import Document, read
from headcount.project.model_entry import ModelEntry
from headcount.project.problems import Path, Problem, ProjectError, did_you_mean
from headcount.project.project import SECTIONS, VERSION, Project
from headcount.project.query_problems import query_problems
from headcount.project.sound_part import beside, sound_part
from headcount.project.sync_entry import SyncEntry
from headcount.project.triggers import order_problems

FILE = "headcount.yml"

E = TypeVar("E", bound=Entry)


def read_file(path: FilePath) -> Project:
    """The project in a file. Raises ``ConfigurationError``: no such file, or ``ProjectError`` for
    mistakes.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no file {path}.", hint="headcount init DIR writes one to start from."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read.", hint=_reason(error)) from None
    return read_project(text, file=path.name, folder=path.absolute().parent, by_hand=True)


def entry_problems(project: Project, section: str, key: str) -> tuple[dict[str, Any] | None, list[Problem]]:
    """One entry of a project that is not yet known to be right: its long form, or None, and what is wrong with it.

    Paths of the problems begin inside the entry; ``()`` is the entry itself, or its key.
    """
    value = {"version": VERSION, **{name: dict(project.section(name)) for name in SECTIONS}}
    reader = _Reader(Document(FILE, value), None, by_hand=False)
    made = reader.project().section(section).get(key)
    mine = [problem for problem in reader.problems if problem.path[:2] == (section, key)]
    return (dict(made) if made is not None else None), [replace(p, path=p.path[2:]) for p in mine]


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return "Save it as UTF-8." if isinstance(error, UnicodeDecodeError) else f"{error.strerror}."


def read_project(
    text: str, *, file: str = FILE, folder: FilePath | None = None, by_hand: bool = False
) -> Project:
    """The project in a text. Relative paths in it become absolute below ``folder``, if that is given.

    ``by_hand``: somebody wrote it, so also read the SQL of models, which takes a parser, and compare names.

    Raises ``ProjectError`` with every mistake.
    """
    document = read(text, file)
    reader = _Reader(document, folder, by_hand)
    project = reader.project()
    if found := [*document.repeated, *reader.problems]:
        raise ProjectError(found)
    return project


class _Reader:
    def __init__(self, document: Document, folder: FilePath | None, by_hand: bool) -> None:
        self.document = document
        self.by_hand = by_hand
        self.folder = folder
        self.problems: list[Problem] = []
        self.after: dict[str, list[str]] = {}  # which syncs each sync runs after

    def project(self) -> Project:
        top = self._mapping(self.document.value, ())
        known = ("version", *SECTIONS)
        for key in top:
            if key not in known:
                self._wrong((key,), f"There is no section {key}.", did_you_mean(key, known))
        if top.get("version") != VERSION:
            self._wrong(
                ("version",), f"This Headcount reads version {VERSION}.", f"Write version: {VERSION}."
            )
        given = {section: dict(self._entries(top, section)) for section in SECTIONS}
        kinds = {key: str(entry.get("type", "")) for key, entry in given["connections"].items()}
        project = Project(
            connections=self._kept("connections", given, lambda key, e: self._connection(key, e)),
            models=self._kept("models", given, lambda key, e: self._model(key, e, kinds)),
            syncs=self._kept("syncs", given, lambda key, e: self._sync(key, e, given["models"], kinds)),
        )
        self.problems += order_problems(self.document, self.after, given["syncs"])
        if self.by_hand:  # what was stored before there was this rule can still be changed
            self.problems += name_problems(self.document, given["connections"])
        return project

    def _kept(self, section: str, given: dict[str, Any], make: Any) -> dict[str, dict[str, Any]]:
        made = ((key, make(key, entry)) for key, entry in given[section].items())
        return {key: entry for key, entry in made if entry is not None}

    def _entries(self, top: Mapping[str, Any], section: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for key, entry in self._mapping(top.get(section), (section,)).items():
            if found := keys.wrong_with(key):
                self._wrong((section, key), *found)
            yield key, self._mapping(entry, (section, key))

    def _mapping(self, value: Any, path: Path) -> dict[str, Any]:
        if value is not None and not isinstance(value, dict):
            what = path[-1] if path else "The file"
            self._wrong(path, f"{what} must hold keys and values.", "Write them below it, indented.")
        return value if isinstance(value, dict) else {}

    def _wrong(self, path: Path, wrong: str, mend: str = "") -> None:
        self.problems.append(self.document.problem(path, wrong, mend))

    def _connection(self, key: str, given: dict[str, Any]) -> dict[str, Any] | None:
        path: Path = ("connections", key)
        kind = KINDS.get(given["type"]) if isinstance(given.get("type"), str) else None
        if kind is None:
            self._wrong((*path, "type"), *unknown_kind(given.get("type")))
            return None
        before = len(self.problems)
        for field, wrong, mend in mistakes(kind, given):
            self._wrong((*path, field), wrong, mend)
        if not isinstance(given.get("name") or "", str):
            self._wrong((*path, "name"), "name must be text.", "Put it in quotes.")
        if given.get(BUDGET) is not None and kind.role == "destination":
            self._validated((*path, BUDGET), BudgetEntry, given[BUDGET])
        if len(self.problems) > before:
            return None
        name = _named(key, given.get("name"))
        return {**name, "type": kind.name, **settings_of(kind, given, self.folder)}

    def _model(self, key: str, given: dict[str, Any], kinds: Mapping[str, str]) -> dict[str, Any] | None:
        path: Path = ("models", key)
        entry, holes = self._validated(path, ModelEntry, given)
        if entry is None:
            return None
        found = [*model_problems(self.document, path, entry, kinds)]
        if self.by_hand:
            found += query_problems(self.document, path, entry, kinds)
        self.problems += _told(found, path, holes)
        return None if holes else {**_named(key, entry.name), **_rest(entry)}

    def _sync(
        self, key: str, given: dict[str, Any], models: Mapping[str, Any], kinds: Mapping[str, str]
    ) -> dict[str, Any] | None:
        path: Path = ("syncs", key)
        entry, holes = self._validated(path, SyncEntry, given)
        if entry is None:
            return None
        self.problems += _told(sync_problems(self.document, path, entry, models, kinds), path, holes)
        self.after[key] = entry.triggers.after
        if holes:
            return None
        return {**_named(key, entry.name), **self._found_from_anywhere(_rest(entry))}

    def _found_from_anywhere(self, entry: dict[str, Any]) -> dict[str, Any]:
        """dbt's file is named from where the project file is, and looked at by workers elsewhere."""
        triggers = entry.get("triggers") or {}
        if self.folder is None or not triggers.get("after_dbt"):
            return entry
        return {**entry, "triggers": {**triggers, "after_dbt": str(self.folder / triggers["after_dbt"])}}

    def _validated(
        self, path: Path, form: type[E], given: dict[str, Any]
    ) -> tuple[E | None, tuple[Path, ...]]:
        """The entry, or what can be made of it without the parts that are broken; and the paths of those."""
        try:
            return form.model_validate(given), ()
        except ValidationError as error:
            self.problems += words.problems(self.document, path, form, error)
            return sound_part(form, given, error)


def _told(problems: Iterable[Problem], path: Path, holes: Sequence[Path]) -> list[Problem]:
    """The problems of an entry that do not come from the holes in it."""
    return [problem for problem in problems if not holes or beside(holes, path, problem)]


def _named(key: str, name: Any) -> dict[str, str]:
    """A name that is the key needs no words."""
    return {"name": name} if name and name != key else {}


def _rest(entry: Entry) -> dict[str, Any]:
    return {key: value for key, value in entry.document().items() if key != "name"}
