"""Rules held against runs: alerts are raised, repeated and resolved, and messages about them put into the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from headcount.control import outbox
from headcount.control.alerts.judging import Finding, Memory, Numbers, RunFacts, Turn, judge, turn
from headcount.control.alerts.rule import BY_TIME, TITLES, AlertKind, Rule
from headcount.control.models import Alert, AlertRule, Outlet, Run
from headcount.model import RunKind, RunStatus


def consider(run: Run, now: datetime) -> None:
    """Hold the rules against a run that ended or waits. In the caller's transaction."""
    rules = rules_of(run.sync_id, list(AlertRule.objects.filter(Q(sync=run.sync_id) | Q(sync=None))))
    known = {alert.rule_id: alert for alert in _open(run.sync_id)}
    facts, earlier = facts_of(run), _before(run, rules)
    for row in rules:
        _act(row, run, judge(value_of(row), facts, now, earlier), known.get(row.pk), now)


def look(now: datetime) -> None:
    """Hold the rules about time against the runs that have not ended."""
    rules = AlertRule.objects.filter(kind__in=[kind.value for kind in BY_TIME])
    if not any(rule.enabled for rule in rules):
        return
    under_way = (RunStatus.QUEUED.value, RunStatus.WORKING.value)
    for run in Run.objects.filter(status__in=under_way).select_related("sync").order_by("id"):
        mine = rules_of(run.sync_id, [rule for rule in rules if rule.sync_id in (None, run.sync_id)])
        _watch(run, mine, now)


def _watch(run: Run, rules: Sequence[AlertRule], now: datetime) -> None:
    facts, known = facts_of(run), {}
    found = [(row, finding) for row in rules if (finding := judge(value_of(row), facts, now))]
    if any(finding.troubled for _, finding in found):
        known = {alert.rule_id: alert for alert in _open(run.sync_id)}
    for row, finding in found:
        if finding.troubled:  # whether it is over is seen at the end of a run
            with transaction.atomic():
                _act(row, run, finding, known.get(row.pk), now)


def rules_of(sync: int, rules: Sequence[AlertRule]) -> list[AlertRule]:
    """Those that hold for a sync: its own, and the general ones of kinds of which it has none of its own."""
    own = {rule.kind for rule in rules if rule.sync_id == sync}
    return [rule for rule in rules if rule.enabled and (rule.sync_id == sync or rule.kind not in own)]


def value_of(row: AlertRule) -> Rule:
    """A row as a value."""
    return Rule(
        kind=AlertKind(row.kind),
        threshold=row.threshold,
        counts=row.counts,
        runs=row.runs,
        every_time=row.every_time,
        recovery=row.recovery,
    )


def facts_of(run: Run) -> RunFacts:
    """A run as rules see it."""
    return RunFacts(
        id=run.pk,
        status=RunStatus(run.status),
        kind=RunKind(run.kind),
        counts=run.counts or {},
        created_at=run.created_at,
        scheduled_for=run.scheduled_for,
        started_at=run.started_at,
        finished_at=run.finished_at,
        approved=run.approved,
        error=run.error,
        hint=run.hint,
    )


def _before(run: Run, rules: Sequence[AlertRule]) -> list[Numbers]:
    """The counts of the runs that completed before, as many as a rule asks for."""
    wanted = max((rule.runs for rule in rules if rule.kind == AlertKind.UNUSUAL.value), default=0)
    if not wanted:
        return []
    completed = Run.objects.filter(
        sync=run.sync_id, status=RunStatus.COMPLETED.value, kind=RunKind.RUN.value, id__lt=run.pk
    )
    return list(completed.order_by("-id").values_list("counts", flat=True)[:wanted])


def _open(sync: int) -> list[Alert]:
    return list(Alert.objects.filter(sync=sync, resolved_at=None))


def _act(row: AlertRule, run: Run, finding: Finding | None, known: Alert | None, now: datetime) -> None:
    memory = Memory(raised=known is not None, run=known.run_id if known else None)
    match turn(finding, memory, run.pk):
        case Turn.RAISE:
            assert finding is not None
            alert = _raised(row, run, finding, now)
            if alert is not None:
                _tell("alert.raised", row, run, alert, now)
        case Turn.REPEAT:
            assert finding is not None
            assert known is not None
            if _repeated(known, run, finding) and row.every_time:
                _tell("alert.raised", row, run, known, now)
        case Turn.RESOLVE:
            assert known is not None
            if _resolved(known, now):
                _tell("alert.resolved", row, run, known, now)
        case Turn.REST:
            pass


def _raised(row: AlertRule, run: Run, finding: Finding, now: datetime) -> Alert | None:
    """None when another process was quicker."""
    try:
        with transaction.atomic():
            alert: Alert = Alert.objects.create(
                rule=row, sync=run.sync, run=run, words=finding.words, raised_at=now
            )
            return alert
    except IntegrityError:
        return None


def _repeated(alert: Alert, run: Run, finding: Finding) -> bool:
    same = Alert.objects.filter(pk=alert.pk, run=alert.run_id, resolved_at=None)
    done = same.update(run=run, words=finding.words, times=alert.times + 1)
    alert.words, alert.times = finding.words, alert.times + 1
    return bool(done)


def _resolved(alert: Alert, now: datetime) -> bool:
    alert.resolved_at = now
    return bool(Alert.objects.filter(pk=alert.pk, resolved_at=None).update(resolved_at=now))


def _tell(event: str, row: AlertRule, run: Run, alert: Alert, now: datetime) -> None:
    over = event == "alert.resolved"
    outbox.publish(event, run, now, alert=_shown(row, alert))
    if over and not row.recovery:
        return
    channels = Outlet.objects.filter(kind=Outlet.Kind.CHANNEL)
    for channel in channels.filter(pk=row.outlet_id) if row.outlet_id else channels:
        outbox.post(channel, event, _message(row, run, alert, over=over), now, run=run)


def _shown(row: AlertRule, alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.pk,
        "kind": row.kind,
        "message": alert.words,
        "raised_at": alert.raised_at,
        "resolved_at": alert.resolved_at,
        "times": alert.times,
    }


def _message(row: AlertRule, run: Run, alert: Alert, *, over: bool) -> dict[str, str]:
    """For people: a title, a few sentences, and where to look."""
    title = TITLES[AlertKind(row.kind)]
    said = f"Over since run {run.pk}. It was: {alert.words}" if over else alert.words
    return {
        "title": f"{run.sync.name}: {'recovered' if over else title}",
        "body": "\n".join(part for part in (said, outbox.link(run.pk)) if part),
        "type": "success" if over else "failure" if row.kind == AlertKind.FAILED.value else "warning",
    }
