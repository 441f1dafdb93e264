"""Traces, from the real command and the real worker to a collector that takes OTLP over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from headcount.service.queue import queue_run
from headcount.service.watching import progress_of
from tests.journeys.conftest import desk as desk
from tests.journeys.conftest import sandbox as sandbox
from tests.journeys.conftest import workspace as workspace
from tests.journeys.desk import Desk, ended, wait_for
from tests.traces.collector import Collector

PHASES = ["reading", "planning", "sending", "folding"]


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.stop()


def test_a_run_is_a_span_with_its_phases_and_each_request_inside(desk: Desk, collector: Collector) -> None:
    desk.apply()
    said = desk.process("run", "people", "--json", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    assert said.code == 0, said.all
    assert said.err == ""
    report = json.loads(said.out)

    (run,) = collector.named("run")
    assert run.parent == ""
    assert collector.services == {"headcount"}
    told = {name.removeprefix("headcount."): value for name, value in run.attributes.items()}
    assert (told["sync"], told["run"], told["status"]) == ("people", report["run"], "completed")
    assert (told["read"], told["accepted"], told["requests"]) == (250, 250, report["destination"]["requests"])

    phases = [span for span in collector.spans if span.name in PHASES]
    assert sorted(PHASES) == sorted(span.name for span in phases)
    assert {span.parent for span in phases} == {run.id}
    assert sum(span.seconds for span in phases) <= run.seconds + 0.01

    requests = collector.named("request")
    (sending,) = collector.named("sending")
    assert len(requests) == report["destination"]["requests"]
    assert {span.parent for span in requests} == {sending.id}
    assert {span.trace for span in collector.spans} == {run.trace}
    assert sum(span.attributes["headcount.items"] for span in requests) == 250
    assert {span.attributes["http.response.status_code"] for span in requests} == {200}


def test_no_value_key_or_secret_is_in_a_trace(desk: Desk, collector: Collector) -> None:
    desk.sql("UPDATE users SET plan = 'confidential-plan'")
    desk.apply()
    desk.process(
        "run",
        "people",
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_EXPORTER_OTLP_HEADERS="x-key=collectors-own",
    )
    assert collector.headers[0]["x-key"] == "collectors-own"
    everything = b"".join(collector.raw)
    for secret in ("confidential-plan", "company.sqlite", desk.workspace.url, "example.com"):
        assert secret.encode() not in everything
    known = {name for span in collector.spans for name in span.attributes}
    assert not known & {"headcount.key", "exception.message", "url.full"}


def test_a_request_that_fails_and_a_run_that_fails_are_marked(desk: Desk, collector: Collector) -> None:
    desk.apply()
    desk.workspace.fault(kind="status", status=500, match={"next": 1, "path": "/api/v2/"})
    desk.process("run", "people", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    (again,) = [span for span in collector.named("request") if span.failed]
    assert again.attributes["headcount.attempt"] == 1

    desk.sql("DROP TABLE users")
    desk.process("run", "people", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    (failed,) = [span for span in collector.named("run") if span.failed]
    assert failed.attributes["headcount.status"] == "failed"
    assert failed.attributes["error.type"] == "SOURCE_ERROR"


def test_a_worker_sends_its_traces_and_ends_soon_without_a_collector(
    desk: Desk, collector: Collector
) -> None:
    desk.apply()
    run = queue_run("people")
    worker = desk.start("worker", OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{collector.url}/v1/traces")
    try:
        wait_for(lambda: progress_of(run).status == "completed", seconds=90)
        collector.status = 503  # it is gone before the worker is
        second = queue_run("people")
        wait_for(lambda: progress_of(second).status == "completed", seconds=90)
    finally:
        worker.terminate()
        said = ended(worker)
    assert said.code == 0, said.all
    assert "opentelemetry" not in said.err.lower()


def test_the_endpoint_without_the_packages_is_said_at_the_start(desk: Desk) -> None:
    """As on a machine where they are not installed."""
    desk.apply()
    hide = "import sys; sys.modules['opentelemetry'] = None; "
    hidden = hide + "from headcount.cli import run; sys.exit(run(sys.argv[1:]))"
    for words in (["run", "people"], ["worker"]):
        said = subprocess.run(
            [sys.executable, "-c", hidden, *words],
            env=desk.environment(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9"),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert said.returncode == 2, said.stderr
        assert "OTEL_EXPORTER_OTLP_ENDPOINT is set, but the packages" in said.stderr
        assert "pip install 'headcount[traces]'" in said.stderr
    assert desk.count("SELECT count(*) FROM control_run") == 0


def test_another_protocol_is_refused_in_words(desk: Desk) -> None:
    desk.apply()
    said = desk.process(
        "run",
        "people",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9",
        OTEL_EXPORTER_OTLP_PROTOCOL="grpc",
    )
    assert said.code == 2
    assert "sends traces as http/protobuf only" in said.err


def test_without_an_endpoint_nothing_of_opentelemetry_is_loaded(desk: Desk) -> None:
    desk.apply()
    ran = "import sys; from headcount.cli import run; code = run(['run', 'people', '--json']); "
    look = ran + "sys.exit(code or any(name.startswith('opentelemetry') for name in sys.modules))"
    said = subprocess.run(
        [sys.executable, "-c", look], env=desk.environment(), capture_output=True, text=True, timeout=60
    )
    assert said.returncode == 0, said.stderr
