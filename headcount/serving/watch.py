"""What monitoring asks: is it alive, is it ready, how much has it done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from headcount import __version__
from headcount.control import secrets
from headcount.control.setup import missing
from headcount.control.trouble import told
from headcount.errors import HeadcountError
from headcount.service.heartbeat import worker_seen
from headcount.service.measuring import Measure, measures
from headcount.service.roles import Deed, may
from headcount.service.tokens import who
from headcount.web.access import asks_nobody

PREFIX = "headcount_"


@asks_nobody
def alive(request: HttpRequest) -> HttpResponse:
    """The process answers. Looks at nothing else."""
    return JsonResponse({"status": "alive", "version": __version__})


@asks_nobody
def ready(request: HttpRequest) -> HttpResponse:
    """The control store can be read and is of this version, and the key opens its secrets; 503 while that is not so.
    ``worker``: one looked lately.

    Anybody may ask, so it costs next to nothing.
    """
    try:
        if lacking := missing():
            return _unready(f"The control store's schema lacks {min(lacking)}.")
        with told():
            secrets.check()
        worker = worker_seen(datetime.now(UTC))
    except HeadcountError as error:
        return _unready(error.message)
    return JsonResponse({"status": "ready", "worker": worker})


def _unready(message: str) -> HttpResponse:
    return JsonResponse({"status": "not ready", "message": message}, status=503)


@asks_nobody
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures in Prometheus' format, for whoever shows an API token: names of syncs stand in them. 503 while the
    control store cannot be read.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        caller = who(token.strip()) if scheme.lower() == "bearer" else None
        if caller is None or not may(caller.role, Deed.LOOK):
            answer = _plain("An API token is needed: Authorization: Bearer …", 401)
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        return HttpResponse(exposition(measures()), content_type=CONTENT_TYPE_LATEST)
    except HeadcountError as error:
        return _plain(error.message, 503)


def _plain(said: str, status: int) -> HttpResponse:
    return HttpResponse(f"{said}\n", status=status, content_type="text/plain; charset=utf-8")


def exposition(found: list[Measure]) -> bytes:
    """Measures as Prometheus reads them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(found))
    return generate_latest(registry)


class _Once:
    """A collector of what was measured already."""

    def __init__(self, found: list[Measure]) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for measure in self._found:
            family = families.setdefault(measure.name, _family(measure))
            family.add_metric([value for _, value in measure.labels], measure.value)  # type: ignore[attr-defined]
        yield from families.values()


def _family(measure: Measure) -> Metric:
    kind = CounterMetricFamily if measure.total else GaugeMetricFamily
    return kind(PREFIX + measure.name, measure.help, labels=[name for name, _ in measure.labels])


routes = [
    path("healthz", alive, name="alive"),
    path("readyz", ready, name="ready"),
    path("metrics", metrics, name="metrics"),
]
