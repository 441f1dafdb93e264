"""One workspace: its credentials, its switches and everything it holds."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from headcount.sandbox import checks
from headcount.sandbox.activity import ActivityLog
from headcount.sandbox.events import Events
from headcount.sandbox.identity import IdentityMode, kinds
from headcount.sandbox.journal import Journal
from headcount.sandbox.objects import Objects
from headcount.sandbox.people import People
from headcount.sandbox.rates import Rate
from headcount.sandbox.segments import Segments
from headcount.sandbox.settings import Settings


@dataclass(frozen=True, slots=True)
class TrackKey:
    name: str
    site_id: str
    api_key: str
    created_at: int


@dataclass(frozen=True, slots=True)
class AppKey:
    name: str
    token: str
    created_at: int


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a workspace is: id is the environment_id, region is us or eu."""

    id: int
    name: str
    region: str
    mode: IdentityMode
    phone: bool = False


class Workspace:
    """Holds what operations change; a change is seen apply_delay seconds after it was accepted."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.settings = Settings()
        self.track_keys: list[TrackKey] = []
        self.app_keys: list[AppKey] = []
        self.journal = Journal()
        self.track_arrivals = Rate()
        self.app_arrivals = Rate()
        self.clear()

    def clear(self) -> None:
        """Forgets people, events and all else but the workspace's own profile, credentials and settings."""
        self.kinds = kinds(self.profile.mode, phone=self.profile.phone)
        self.people = People(self.kinds)
        self.events = Events()
        self.segments = Segments()
        self.objects = Objects()
        self.log = ActivityLog()
        self.suppressed: dict[tuple[str, str], int] = {}  # (kind, value) -> when
        self.forms: list[dict[str, Any]] = []
        self.collections: dict[int, dict[str, Any]] = {}
        self._waiting: deque[tuple[float, Callable[[], None]]] = deque()
        self.track_arrivals.clear()
        self.app_arrivals.clear()
        self.journal.start_over()

    @property
    def waiting(self) -> int:
        """Accepted changes that are not yet seen."""
        return len(self._waiting)

    def problems(self, item: Any) -> checks.Problems:
        return checks.problems(item, self.settings.entity_bytes, self.kinds)

    def later(self, received: float, change: Callable[[], None]) -> None:
        self._waiting.append((received + self.settings.apply_delay, change))
        self.settle(received)

    def settle(self, now: float) -> None:
        """Applies, in order, what is due at now (unix seconds)."""
        while self._waiting and self._waiting[0][0] <= now:
            self._waiting.popleft()[1]()

    def change_settings(self, values: dict[str, Any]) -> None:
        self.settings = self.settings.changed(values)
        self.journal.profile = True

    def change_profile(self, **values: Any) -> None:
        self.profile = replace(self.profile, **values)
        self.journal.profile = True
