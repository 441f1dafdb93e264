"""What is allowed and yet worth a word when a project is applied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

from headcount.control import secrets
from headcount.control.models import Connection
from headcount.control.models import Sync as SyncRow
from headcount.destinations.customerio.event import counts_as_now
from headcount.destinations.customerio.fields import name_warnings
from headcount.engines.grammar import doubtful_line
from headcount.model import Sync
from headcount.project.kinds import KINDS
from headcount.project.problems import one_of
from headcount.project.project import Project
from headcount.project.references import STORED
from headcount.project.values import model_value, sync_value
from headcount.service.written_fields import written_fields


def cautions(project: Project) -> list[str]:
    """Sentences about the whole project, as it will be."""
    workspaces = _workspaces(project)
    syncs = _syncs(project)
    return [
        *_shared_workspaces(workspaces, project),
        *_shared_fields(combinations(syncs, 2), workspaces),
        *_stubs(syncs),
        *_as_of_now(syncs),
        *(warning for sync in syncs for warning in _named(sync)),
        *_doubtful_sql(project),
        *_missing_secrets(project),
    ]


def sync_cautions(project: Project, key: str) -> list[str]:
    """The sentences about one sync, as it will be, and about the workspace it writes to."""
    workspaces = _workspaces(project)
    syncs = {sync.key: sync for sync in _syncs(project)}
    mine = syncs.pop(key)
    here = {name: where for name, where in workspaces.items() if where == workspaces[mine.destination]}
    return [
        *_shared_workspaces(here, project),
        *_shared_fields(((mine, other) for other in syncs.values()), workspaces),
        *_stubs([mine]),
        *_as_of_now([mine]),
        *_named(mine),
    ]


def _syncs(project: Project) -> list[Sync]:
    return [
        sync_value(
            key, entry, model_value(entry["source"]["model"], _model(project, entry["source"]["model"]))
        )
        for key, entry in sorted(project.syncs.items())
    ]


def _model(project: Project, key: str) -> dict[str, object]:
    return dict(project.models[key])


def _workspaces(project: Project) -> dict[str, str]:
    """For every destination its workspace: the number it told when it was tested, else its Site ID."""
    known = dict(Connection.objects.exclude(environment_id=None).values_list("key", "environment_id"))
    return {
        key: f"workspace {known[key]}" if key in known else f"Site ID {entry.get('site_id')}"
        for key, entry in project.connections.items()
        if KINDS[entry["type"]].role == "destination"
    }


def _shared_workspaces(workspaces: dict[str, str], project: Project) -> Iterator[str]:
    sharing = defaultdict(list)
    for connection, workspace in sorted(workspaces.items()):
        sharing[workspace].append(connection)
    for workspace, connections in sharing.items():
        if len(connections) > 1:
            names = " and ".join(connections)
            budgets = {str(project.connections[key].get("budget")) for key in connections}
            rest = " Their budgets differ; the stricter one should stand in both." if len(budgets) > 1 else ""
            yield f"The connections {names} lead to one workspace ({workspace}) and share its budget.{rest}"


def _shared_fields(pairs: Iterable[tuple[Sync, Sync]], workspaces: dict[str, str]) -> Iterator[str]:
    for one, other in pairs:
        if {one.object, other.object} != {"person"}:
            continue
        if workspaces[one.destination] != workspaces[other.destination]:
            continue
        first, second = written_fields(one), written_fields(other)
        workspace = workspaces[one.destination]
        if both := first.shared_with(second):
            fields = ", ".join(both[:5]) + (f" and {len(both) - 5} more" if len(both) > 5 else "")
            yield (
                f"The syncs {one.key} and {other.key} both write {fields} in {workspace}: "
                "for a person in both, whichever ran last decides."
            )
        elif not (first.complete and second.complete):
            yield (
                f"The syncs {one.key} and {other.key} may write the same fields in {workspace}, for one of them sends "
                "all columns, which are not known yet: for a person in both, whichever ran last decides."
            )


def _stubs(syncs: list[Sync]) -> Iterator[str]:
    for sync in syncs:
        if sync.changed_fields_only:
            yield (
                f"The sync {sync.key} sends changed fields only: a person who was deleted in the workspace comes "
                "back with nothing but those."
            )


def _as_of_now(syncs: list[Sync]) -> Iterator[str]:
    """Said until something was accepted, for it is about the first run."""
    doubtful = [sync for sync in syncs if counts_as_now(sync)]
    begun = SyncRow.objects.filter(key__in=[sync.key for sync in doubtful], acknowledged__gt=0)
    known = set(begun.values_list("key", flat=True)) if doubtful else set()
    for sync in doubtful:
        if sync.key not in known:
            yield (
                f"The first run of {sync.key} sends the rows that are there already (Backfill), without the time at "
                "which each happened: Customer.io takes them for events that happen as they arrive, so an order of "
                "last year counts as one of today, and campaigns may start for it. Give the event the column with its "
                "time, or choose Record as seen."
            )


def _named(sync: Sync) -> Iterator[str]:
    for warning in name_warnings(sync):
        yield f"The sync {sync.key}: {warning}"


def _doubtful_sql(project: Project) -> Iterator[str]:
    for key, entry in sorted(project.models.items()):
        kind = KINDS[project.connections[entry["connection"]]["type"]]
        if entry.get("query") and (line := doubtful_line(entry["query"], kind.dialect)):
            yield (
                f"The SQL of the model {key} may have a mistake in its line {line}. {kind.label} will say when it "
                "is read: try it with headcount preview."
            )


def _missing_secrets(project: Project) -> Iterator[str]:
    rows = {row.key: secrets.stored_fields(row) for row in Connection.objects.all()}
    for key, entry in sorted(project.connections.items()):
        wanted = [field for field, value in entry.items() if value == STORED]
        if missing := [field for field in wanted if field not in rows.get(key, set())]:
            yield (
                f"Nothing is stored yet for {one_of(missing)} of connection {key}. "
                f"Store it with: headcount connections add {key}"
            )
