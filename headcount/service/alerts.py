"""Alerts as people see them: the rules, changed by Owners, and what they have told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from headcount.amounts import amount
from headcount.control import audit
from headcount.control.alerts.rule import BY_SHARE, BY_TIME, NUMBERS, AlertKind
from headcount.control.models import Alert, AlertRule, Outlet
from headcount.control.models import Sync as SyncRow
from headcount.control.setup import setup
from headcount.control.trouble import told
from headcount.errors import ConfigurationError

MOST_RUNS = 100
MEANINGS = {
    AlertKind.FAILED: "A run fails",
    AlertKind.REJECTED: "More than a share of the rows is rejected or invalid",
    AlertKind.NO_ROWS: "The model has no rows",
    AlertKind.UNUSUAL: "A number is far from what is usual",
    AlertKind.LATE: "A run that was due does not begin in time",
    AlertKind.LONG: "A run takes longer than a time",
    AlertKind.WAITING: "A guard stops a run, which waits for approval",
}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A rule as somebody wants it. ``sync`` is a key, empty for all syncs; ``channel`` a number, None for all of them.

    ``threshold`` is in percent or minutes; ``counts`` and ``runs`` matter for unusual numbers only.
    """

    kind: str
    sync: str = ""
    channel: int | None = None
    threshold: float = 0
    counts: str = "read"
    runs: int = 5
    every_time: bool = False
    recovery: bool = True
    enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class RuleInfo:
    """A rule that is kept. ``means`` is a sentence."""

    id: int
    means: str
    wish: Wish
    sync_name: str
    channel_name: str
    open: int  # syncs of which it tells something now


@dataclass(frozen=True, kw_only=True)
class AlertInfo:
    """Something that was told, and until when it was so."""

    id: int
    kind: str
    sync: str
    sync_name: str
    run: int | None
    words: str
    times: int
    raised_at: datetime
    resolved_at: datetime | None


@told()
def rules() -> tuple[RuleInfo, ...]:
    """All rules: the general ones first."""
    setup()
    rows = AlertRule.objects.select_related("sync", "outlet").order_by("sync__key", "kind", "id")
    open_ = dict.fromkeys(rows.values_list("id", flat=True), 0)
    for rule in Alert.objects.filter(resolved_at=None).values_list("rule_id", flat=True):
        open_[rule] = open_.get(rule, 0) + 1
    return tuple(sorted((_rule(row, open_[row.pk]) for row in rows), key=lambda rule: rule.wish.sync))


@told()
def rule(number: int) -> RuleInfo:
    """Raises ``ConfigurationError`` when there is none of that number."""
    row = _find(number)
    return _rule(row, row.alerts.filter(resolved_at=None).count())


@told()
def save_rule(wish: Wish, number: int | None = None) -> RuleInfo:
    """Make a rule, or change the one of that number. Raises ``ConfigurationError`` for what cannot be meant."""
    setup()
    _check(wish)
    with transaction.atomic():
        row = AlertRule() if number is None else _find(number)
        _take_over(row, wish)
        _refuse_a_second(row)
        row.save()
        _settle(row)
        shown = _rule(row, 0)
        audit.record("added" if number is None else "changed", "alert rule", {"rule": shown.means})
    return shown


@told()
def remove_rule(number: int) -> str:
    """Remove a rule and what it told; returns what it meant."""
    row = _find(number)
    means = _means(row)
    with transaction.atomic():
        row.delete()
        audit.record("removed", "alert rule", {"rule": means})
    return means


@told()
def alerts(sync: str | None = None, *, limit: int = 50) -> tuple[AlertInfo, ...]:
    """What was told, of one sync or of all: first what is still so, then the latest."""
    setup()
    rows = Alert.objects.select_related("sync", "rule")
    rows = rows.filter(sync__key=sync) if sync else rows
    still = list(rows.filter(resolved_at=None).order_by("-id")[:limit])
    over = list(rows.exclude(resolved_at=None).order_by("-id")[: limit - len(still)])
    return tuple(_alert(row) for row in still + over)


@told()
def syncs() -> tuple[tuple[str, str], ...]:
    """Keys and names of all syncs, by name: whose rules there may be."""
    setup()
    return tuple(SyncRow.objects.order_by("name").values_list("key", "name"))


def _check(wish: Wish) -> None:
    kinds = [kind.value for kind in AlertKind]
    if wish.kind not in kinds:
        raise ConfigurationError(f"There is no alert {wish.kind}.", hint=f"There are: {', '.join(kinds)}.")
    kind = AlertKind(wish.kind)
    if kind in BY_TIME and not 1 <= wish.threshold <= 100_000:
        raise ConfigurationError("The time has to be at least one minute.", hint="Give minutes from 1.")
    if kind is AlertKind.REJECTED and not 0 <= wish.threshold < 100:
        raise ConfigurationError("A share of the rows is from 0 to 99 percent.", hint="0 tells of any row.")
    if kind is AlertKind.UNUSUAL and not 0 < wish.threshold <= 100_000:
        raise ConfigurationError("The deviation has to be more than 0 percent.", hint="50 is a good start.")
    if kind is AlertKind.UNUSUAL and (wish.counts not in NUMBERS or not 1 <= wish.runs <= MOST_RUNS):
        raise ConfigurationError(
            f"What is usual is the average of 1 to {MOST_RUNS} runs, of one of: {', '.join(NUMBERS)}."
        )


def _take_over(row: AlertRule, wish: Wish) -> None:
    row.sync = _sync(wish.sync) if wish.sync else None
    row.outlet = _channel(wish.channel) if wish.channel else None
    row.kind, row.threshold = wish.kind, wish.threshold
    row.counts, row.runs = wish.counts, wish.runs
    row.every_time, row.recovery, row.enabled = wish.every_time, wish.recovery, wish.enabled


def _refuse_a_second(row: AlertRule) -> None:
    """Two rules that say the same to the same channel would tell everything twice."""
    same = AlertRule.objects.filter(
        sync=row.sync, outlet=row.outlet, kind=row.kind, threshold=row.threshold, counts=row.counts
    )
    if row.enabled and same.filter(runs=row.runs, enabled=True).exclude(pk=row.pk).exists():
        raise ConfigurationError(
            "There is such a rule already.", hint="Change that one, or give this one a channel."
        )


def _settle(row: AlertRule) -> None:
    """Nobody looks any more whether it is over: what the rule told of other syncs or while it was on, and what a
    general rule told of a sync that now has its own.
    """
    now, still = timezone.now(), Alert.objects.filter(resolved_at=None)
    if not row.enabled:
        still.filter(rule=row).update(resolved_at=now)
    elif row.sync_id:
        still.filter(~Q(sync=row.sync_id), rule=row).update(resolved_at=now)
    if row.sync_id:
        general = still.filter(sync=row.sync_id, rule__sync=None, rule__kind=row.kind)
        general.update(resolved_at=now)


def _sync(key: str) -> SyncRow:
    row: SyncRow | None = SyncRow.objects.filter(key=key).first()
    if row is None:
        raise ConfigurationError(f"There is no sync {key}.", hint="headcount apply shows what there is.")
    return row


def _channel(number: int) -> Outlet:
    row: Outlet | None = Outlet.objects.filter(pk=number, kind=Outlet.Kind.CHANNEL).first()
    if row is None:
        raise ConfigurationError("There is no such channel.", hint="It may have been removed meanwhile.")
    return row


def _find(number: int) -> AlertRule:
    setup()
    row: AlertRule | None = AlertRule.objects.select_related("sync", "outlet").filter(pk=number).first()
    if row is None:
        raise ConfigurationError("There is no such alert rule.", hint="It may have been removed already.")
    return row


def _means(row: AlertRule) -> str:
    kind = AlertKind(row.kind)
    more = ""
    if kind in BY_SHARE:
        more = f" ({row.threshold:g} %)"
    elif kind in BY_TIME:
        more = f" ({amount(row.threshold, 'minute')})"
    if kind is AlertKind.UNUSUAL:
        more = f" ({NUMBERS[row.counts]}, {row.threshold:g} % from the average of {amount(row.runs, 'run')})"
    return f"{MEANINGS[kind]}{more}"


def _rule(row: AlertRule, open_: int) -> RuleInfo:
    wish = Wish(
        kind=row.kind,
        sync=row.sync.key if row.sync else "",
        channel=row.outlet_id,
        threshold=row.threshold,
        counts=row.counts,
        runs=row.runs,
        every_time=row.every_time,
        recovery=row.recovery,
        enabled=row.enabled,
    )
    return RuleInfo(
        id=row.pk,
        means=_means(row),
        wish=wish,
        sync_name=row.sync.name if row.sync else "",
        channel_name=row.outlet.name if row.outlet else "",
        open=open_,
    )


def _alert(row: Alert) -> AlertInfo:
    return AlertInfo(
        id=row.pk,
        kind=row.rule.kind,
        sync=row.sync.key,
        sync_name=row.sync.name,
        run=row.run_id,
        words=row.words,
        times=row.times,
        raised_at=row.raised_at,
        resolved_at=row.resolved_at,
    )
