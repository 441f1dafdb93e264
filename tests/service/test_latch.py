from __future__ import annotations

import fcntl
import threading
import time
from pathlib import Path

from headcount.latch import NAPS, is_latched, latched


def test_a_look_whether_somebody_has_it_keeps_nobody_from_it(tmp_path: Path) -> None:
    path = tmp_path / "latch"
    path.touch()
    with path.open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)  # as is_latched does for an instant
        threading.Timer(0.001, lambda: fcntl.flock(looking, fcntl.LOCK_UN)).start()
        file = latched(path)
        assert file is not None
        with file:
            assert is_latched(path)
    assert not is_latched(path)


def test_somebody_who_keeps_it_is_not_waited_for(tmp_path: Path) -> None:
    kept = latched(tmp_path / "latch")
    assert kept is not None
    with kept:
        began = time.monotonic()
        assert latched(tmp_path / "latch") is None
        assert time.monotonic() - began < sum(NAPS) + 1
