from __future__ import annotations

from tests.journeys.conftest import desk as desk
from tests.journeys.conftest import sandbox as sandbox
from tests.journeys.conftest import workspace as workspace
