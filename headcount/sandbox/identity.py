"""How a workspace names people, and how one written identifier is read."""

from dataclasses import dataclass
from enum import Enum


class IdentityMode(Enum):
    EMAIL_OR_ID = "email-or-id"  # the default of current workspaces: both, each unique
    ID_ONLY = "id-only"  # older workspaces: email is a plain attribute, two people may share one
    EMAIL_ONLY = "email-only"


_KINDS = {
    IdentityMode.EMAIL_OR_ID: ("id", "email"),
    IdentityMode.ID_ONLY: ("id",),
    IdentityMode.EMAIL_ONLY: ("email",),
}


@dataclass(frozen=True, slots=True)
class Identifier:
    """One way to name a person: kind is id, email, phone, cio_id or anonymous_id."""

    kind: str
    value: str

    @property
    def key(self) -> tuple[str, str]:
        """What two spellings of one identifier share: emails match in any letter case."""
        return (self.kind, self.value.lower() if self.kind == "email" else self.value)


def kinds(mode: IdentityMode, *, phone: bool) -> tuple[str, ...]:
    """The unique identifiers of a workspace, strongest first; cio_id is always one besides these."""
    return (*_KINDS[mode], "phone") if phone else _KINDS[mode]


def looks_like_email(text: str) -> bool:
    name, at, domain = text.partition("@")
    return bool(name and at and "." in domain and "@" not in domain and " " not in text)


def from_path(text: str, mode: IdentityMode) -> Identifier:
    """Track v1 guesses the kind of an identifier in a path by its shape; a phone number counts as an id."""
    if text.startswith("cio_"):
        return Identifier("cio_id", text.removeprefix("cio_"))
    if mode is IdentityMode.EMAIL_ONLY:
        return Identifier("email", text)
    if mode is IdentityMode.EMAIL_OR_ID and looks_like_email(text):
        return Identifier("email", text)
    return Identifier("id", text)
