"""How one workspace behaves where the real service is undocumented, slow or stricter."""

from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Switches of one workspace; bytes, seconds, requests per second (0 = off)."""

    all_bad_status: int = 207  # a batch in which every entry is invalid: 207 or 400
    oversize_status: int = 400  # a body past the limit: 400 or 413
    batch_bytes: int = 500_000
    entity_bytes: int = 32_000
    batch_items: int = 0  # refuse batches of more entries; 0 = no limit, as documented
    apply_delay: float = 0.0  # time between the 200 and the change being seen, by the App API and everyone
    app_rate: int = 10
    track_rate: int = 0
    wrong_datacenter: bool = False  # App API answers 301, as on the other region's host
    dedupe_any_id: bool = False  # drop repeated event ids even when they are no ULID
    empty_string_unsets: bool = False  # "" removes a person's attribute
    email_by_id: bool = False  # the setting "Allow updates to email using ID"

    def changed(self, values: dict[str, Any]) -> "Settings":
        """Raises ValueError for an unknown name or a value of another type."""
        known = {field.name: field.type for field in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"unknown setting {name!r}; there are {', '.join(known)}")
            wanted: tuple[type, ...] = (int, float) if known[name] is float else (type(getattr(self, name)),)
            if type(value) not in wanted:
                raise ValueError(f"setting {name} takes a {wanted[-1].__name__}")
        return replace(self, **values)
