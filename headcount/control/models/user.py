"""Who may use the pages and the API."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac

from headcount.control.models.connection import NAME_LENGTH


class Role(models.TextChoices):
    """What somebody may do; each role may do what the ones below it may."""

    OWNER = "owner"  # connections, people, tokens, masked columns
    EDITOR = "editor"  # models and syncs
    OPERATOR = "operator"  # runs: start, cancel, approve, retry, mute
    VIEWER = "viewer"  # look


class UserManager(BaseUserManager["User"]):
    """Makes users with a hashed password, or with none that could be guessed."""

    def create_user(self, *, username: str, role: str, password: str | None = None, name: str = "") -> User:
        user: User = self.model(username=username, role=role, name=name)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person. ``username`` is what they sign in with, ``name`` what others see."""

    username = models.CharField(max_length=NAME_LENGTH, unique=True)
    name = models.CharField(max_length=NAME_LENGTH, default="", blank=True)
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # How often all sessions were ended. It is part of what every session carries, as the password is.
    sessions_ended = models.PositiveIntegerField(default=0)
    # How many links to set a password were made; the last of them is the one that is good.
    links_made = models.PositiveIntegerField(default=0)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        ordering = ["username"]

    def __str__(self) -> str:
        return self.name or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Django's own, for sessions as for their fallback keys, until all sessions are ended for the first time."""
        plain: str = super()._get_session_auth_hash(secret)  # type: ignore[misc]
        if not self.sessions_ended:
            return plain
        return salted_hmac(
            "headcount.sessions_ended", f"{plain}:{self.sessions_ended}", secret=secret
        ).hexdigest()
