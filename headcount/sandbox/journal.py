"""Which records changed since the state file was last written."""

from collections.abc import Hashable


class Journal:
    """Notes nothing until it is opened: a sandbox without a state file pays only for the question."""

    def __init__(self) -> None:
        self.is_open = False
        self.profile = True
        self.wiped = False
        self.changed: dict[str, set[Hashable]] = {}

    def note(self, kind: str, key: Hashable) -> None:
        if self.is_open:
            self.changed.setdefault(kind, set()).add(key)

    def start_over(self) -> None:
        """Everything the workspace held is gone."""
        self.changed.clear()
        self.wiped = True
        self.profile = True

    def taken(self) -> None:
        """The changes have been written."""
        self.changed.clear()
        self.wiped = self.profile = False

    @property
    def is_clean(self) -> bool:
        return not (self.changed or self.wiped or self.profile)
