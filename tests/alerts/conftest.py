from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.alerts.receiver import Receiver, receiving
from tests.worker.conftest import desk as desk
from tests.worker.conftest import floor as floor
from tests.worker.conftest import sandbox as sandbox
from tests.worker.conftest import store as store
from tests.worker.conftest import workspace as workspace


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running
