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
        known = {field.name: getattr(self, field.name) for field in fields(self)}
        if unknown := values.keys() - known.keys():
            raise ValueError(f"unknown setting {', '.join(unknown)}; there are {', '.join(known)}")
        return replace(self, **{name: _like(known[name], name, value) for name, value in values.items()})


def _like(default: Any, name: str, value: Any) -> Any:
    if isinstance(default, float) and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise ValueError(f"setting {name} takes a {type(default).__name__}")
    return type(default)(value)
