"""The promise P3, proved by killing: the real command is ended with kill -9 in each phase and at random moments."""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb
import pytest

from headcount.sandbox.server import start_in_thread
from tests.kill.bench import PROJECT, Command, Company, Sandbox, kill, wait_for

pytestmark = [pytest.mark.kill, pytest.mark.timeout(600)]

TIMES_EACH = 3
RANDOM_MOMENTS = 30
OBJECTS = ("people", "events")


class Scene:
    """One company, one workspace, one home."""

    def __init__(self, folder: Path, url: str, rate: int) -> None:
        self.company = Company(folder / "company.sqlite")
        self.sandbox = Sandbox(url)
        self.command = Command(folder / "home")
        project = folder / "headcount.yml"
        project.write_text(PROJECT.format(database=self.company.path, url=url, rate=rate))
        self.command.finish("apply", str(project))
        for sync in OBJECTS:
            self.command.finish("run", sync, "--json")
        self.kills = 0

    def edited(self, sync: str) -> subprocess.Popen[str]:
        """Change the source and start a run of it."""
        self.company.edit()
        return self.command.start("run", sync, "--json")

    def check(self) -> None:
        """Run to the end; then the workspace equals the source, and every event counts once."""
        for sync in OBJECTS:
            report = self.command.finish("run", sync, "--json")
            assert report["status"] == "completed"
            assert report["destination"]["in_doubt"] == report["destination"]["unsent"] == 0
            again = self.command.finish("run", sync, "--json")
            assert again["destination"]["requests"] == 0, "an unchanged source must cost no request"
        assert self.sandbox.people() == self.company.people()
        events = self.sandbox.events()
        assert events["total"] == self.company.orders()
        assert events["most_receipts"] <= 1 + self.kills, "an operation is repeated at most once per kill"


@pytest.fixture
def scene(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    sandbox = start_in_thread()
    try:
        yield Scene(tmp_path, sandbox.url, getattr(request, "param", 200))
    finally:
        sandbox.stop()


Phase = Callable[[Scene, str], bool]


def planning(scene: Scene, sync: str) -> bool:
    """The run is recorded and its plan is not complete."""
    before = scene.command.count("SELECT max(id) FROM control_run")
    process = scene.edited(sync)
    plans = scene.command.home / "plans"

    def planning_now() -> bool:
        newest = scene.command.count("SELECT max(id) FROM control_run")
        return newest > before and not (plans / str(newest) / "plan.json").exists()

    reached = wait_for(planning_now, process)
    return kill(process) and reached


def intent_stored(scene: Scene, sync: str) -> bool:
    """Intents stand in the book; their requests wait for the budget."""
    seen = scene.command.count("SELECT count(*) FROM control_intent")
    scene.sandbox.forget_requests()
    process = scene.edited(sync)
    reached = wait_for(lambda: scene.command.count("SELECT count(*) FROM control_intent") > seen, process)
    return kill(process) and reached


def in_flight(scene: Scene, sync: str) -> bool:
    """A request is with the destination, which has not answered."""
    scene.sandbox.slow(0.4)
    process = scene.edited(sync)
    reached = wait_for(lambda: scene.sandbox.in_flight() > 0, process)
    killed = kill(process)
    scene.sandbox.quick()
    return killed and reached


def answered(scene: Scene, sync: str) -> bool:
    """An answer was read, and its receipt cannot be stored because the book is held shut."""
    receipts = scene.command.count("SELECT count(*) FROM control_receipt")
    scene.sandbox.forget_requests()
    scene.sandbox.slow(0.3)
    process = scene.edited(sync)
    reached = wait_for(lambda: scene.sandbox.in_flight() > 0, process)
    with _held_shut(scene):
        reached = reached and wait_for(
            lambda: scene.sandbox.answered() > 0 and scene.sandbox.in_flight() == 0, process
        )
        time.sleep(0.1)
        killed = kill(process)
    scene.sandbox.quick()
    return killed and reached and scene.command.count("SELECT count(*) FROM control_receipt") <= receipts + 3


def folding(scene: Scene, sync: str) -> bool:
    """Everything is answered; the state file is being opened or written."""
    ready = {path: path.stat().st_mtime_ns for path in scene.command.state_files()}
    process = scene.edited(sync)

    def writing() -> bool:
        files = scene.command.state_files()
        return any(
            path.with_suffix(".duckdb.wal").exists() or path.stat().st_mtime_ns != ready.get(path)
            for path in files
        )

    reached = wait_for(writing, process)
    return kill(process) and reached


def before_the_fold(scene: Scene, sync: str) -> bool:
    """Every receipt is stored; the fold waits because somebody reads the state."""
    scene.sandbox.slow(0.2)
    process = scene.edited(sync)
    reached = wait_for(lambda: scene.sandbox.in_flight() > 0, process)
    with ExitStack() as readers:
        for path in scene.command.state_files():
            readers.enter_context(duckdb.connect(str(path), read_only=True))
        scene.sandbox.quick()
        reached = reached and wait_for(lambda: _all_answered(scene), process)
        time.sleep(0.1)
        killed = kill(process)
    return killed and reached


def folded(scene: Scene, sync: str) -> bool:
    """The state is folded; the run row still says working, because the book is held shut."""
    process = scene.edited(sync)
    reached = wait_for(lambda: _all_answered(scene), process)
    with _held_shut(scene):
        newest = scene.command.count("SELECT max(id) FROM control_run")
        reached = reached and wait_for(lambda: scene.command.folded_run() == newest, process)
        killed = kill(process)
    return killed and reached


def _all_answered(scene: Scene) -> bool:
    """Has the newest run a receipt for every change of its plan?"""
    newest = scene.command.count("SELECT max(id) FROM control_run WHERE status = 'working'")
    if not newest:
        return False
    covered = scene.command.count(
        f"SELECT sum(last - first + 1) FROM control_receipt WHERE run_id = {newest}"
    )
    plan = scene.command.home / "plans" / str(newest) / "plan.parquet"
    if not covered or not (plan.parent / "plan.json").exists():
        return False
    with duckdb.connect() as database:
        return bool(database.execute(f"SELECT count(*) = {covered} FROM '{plan}'").fetchone()[0])  # type: ignore[index]


@contextmanager
def _held_shut(scene: Scene) -> Iterator[None]:
    """Somebody else writes to the control store for a while; everybody waits their turn."""
    with scene.command.control() as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")


PHASES: tuple[tuple[Phase, int], ...] = (
    (planning, 200),
    (intent_stored, 5),
    (in_flight, 200),
    (answered, 200),
    (before_the_fold, 200),
    (folding, 200),
    (folded, 200),
)


@pytest.mark.parametrize(("scene", "phase"), [(rate, phase) for phase, rate in PHASES], indirect=["scene"])
def test_a_run_killed_in_any_phase_loses_nothing_and_repeats_only_what_was_in_flight(
    scene: Scene, phase: Phase
) -> None:
    tally: Counter[str] = Counter()
    for attempt in range(TIMES_EACH * 4):
        sync = OBJECTS[attempt % 2]
        if phase(scene, sync):
            tally[sync] += 1
            scene.kills += 1
        if sum(tally.values()) >= TIMES_EACH:
            break
    print(f"{phase.__name__}: killed {dict(tally)}")
    assert sum(tally.values()) >= TIMES_EACH, f"{phase.__name__} was hit {sum(tally.values())} times only"
    scene.check()


def test_a_run_killed_at_any_moment_loses_nothing(scene: Scene) -> None:
    chance = random.Random(20)
    started = time.monotonic()
    scene.command.finish("run", "people", "--json")
    usual = time.monotonic() - started
    killed = 0
    for moment in range(RANDOM_MOMENTS * 2):
        process = scene.edited(OBJECTS[moment % 2])
        time.sleep(chance.uniform(0.2, 1.3) * usual)
        killed += kill(process)
        scene.kills = killed
        if moment % 10 == 9:
            scene.check()
        if killed >= RANDOM_MOMENTS:
            break
    print(f"random moments: {killed} kills")
    assert killed >= RANDOM_MOMENTS
    scene.check()
