"""The account: every workspace, and which credentials open which."""

import hmac
import secrets
import time

from headcount.sandbox.identity import IdentityMode
from headcount.sandbox.seed import SEEDS, Seed
from headcount.sandbox.workspace import AppKey, Profile, TrackKey, Workspace


class Account:
    """Starts with the workspaces of `seed`."""

    def __init__(self, seeds: tuple[Seed, ...] = SEEDS) -> None:
        self.workspaces: dict[int, Workspace] = {}
        self._by_site: dict[str, tuple[str, Workspace]] = {}
        self._by_token: dict[str, Workspace] = {}
        for seed in seeds:
            self._plant(seed)

    def _plant(self, seed: Seed) -> None:
        profile = Profile(id=seed.environment_id, name=seed.name, region=seed.region, mode=seed.mode)
        workspace = Workspace(profile)
        self.adopt(workspace)
        now = int(time.time())
        self.keep_track_key(workspace, TrackKey("Default", seed.site_id, seed.api_key, now))
        self.keep_app_key(workspace, AppKey("Default", seed.app_key, now))

    def adopt(self, workspace: Workspace) -> None:
        self.workspaces[workspace.profile.id] = workspace

    def create(self, name: str, region: str, mode: IdentityMode, *, phone: bool = False) -> Workspace:
        number = max(self.workspaces, default=1000) + 1
        workspace = Workspace(Profile(id=number, name=name, region=region, mode=mode, phone=phone))
        self.adopt(workspace)
        return workspace

    def new_track_key(self, workspace: Workspace, name: str) -> TrackKey:
        key = TrackKey(name, secrets.token_hex(10), secrets.token_hex(10), int(time.time()))
        self.keep_track_key(workspace, key)
        return key

    def new_app_key(self, workspace: Workspace, name: str) -> AppKey:
        key = AppKey(name, secrets.token_hex(16), int(time.time()))
        self.keep_app_key(workspace, key)
        return key

    def keep_track_key(self, workspace: Workspace, key: TrackKey) -> None:
        workspace.track_keys.append(key)
        workspace.journal.profile = True
        self._by_site[key.site_id] = (key.api_key, workspace)

    def keep_app_key(self, workspace: Workspace, key: AppKey) -> None:
        workspace.app_keys.append(key)
        workspace.journal.profile = True
        self._by_token[key.token] = workspace

    def drop_key(self, workspace: Workspace, public: str) -> None:
        """Revokes the Track key with this site ID, or the App key that begins with this text."""
        workspace.track_keys = [key for key in workspace.track_keys if key.site_id != public]
        self._by_site.pop(public, None)
        for key in [key for key in workspace.app_keys if key.token.startswith(public)]:
            workspace.app_keys.remove(key)
            del self._by_token[key.token]
        workspace.journal.profile = True

    def by_track_key(self, site_id: str, api_key: str) -> Workspace | None:
        wanted, workspace = self._by_site.get(site_id, ("", None))
        return workspace if workspace and hmac.compare_digest(wanted.encode(), api_key.encode()) else None

    def by_app_key(self, token: str) -> Workspace | None:
        return self._by_token.get(token)
