"""Who may do what: a deed needs a role, and a role may do what lesser ones may."""

from __future__ import annotations

from enum import Enum

from headcount.control.models import Role

_RANKS = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.EDITOR: 2, Role.OWNER: 3}


class Deed(Enum):
    """What pages and API calls ask for."""

    LOOK = Role.VIEWER
    RUN = Role.OPERATOR  # start, cancel, pause, approve, retry, mute
    EDIT = Role.EDITOR  # models and syncs
    OWN = Role.OWNER  # connections, people, tokens of others, masked columns


def may(role: str, deed: Deed) -> bool:
    """May somebody of this role do it?"""
    return _RANKS[Role(role)] >= _RANKS[deed.value]


def lesser(one: str, other: str) -> Role:
    """The smaller of two roles: a token may never do more than its owner."""
    return min(Role(one), Role(other), key=_RANKS.__getitem__)
