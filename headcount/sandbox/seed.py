"""What a fresh sandbox holds: three workspaces with fixed credentials, for tests and demos."""

from dataclasses import dataclass

from headcount.sandbox.identity import IdentityMode


@dataclass(frozen=True, kw_only=True)
class Seed:
    """One workspace of a fresh sandbox: site_id and api_key are 20 hex characters, app_key is 32."""

    environment_id: int
    name: str
    region: str
    mode: IdentityMode
    site_id: str
    api_key: str
    app_key: str


PRODUCTION = Seed(
    environment_id=1001,
    name="Production",
    region="us",
    mode=IdentityMode.EMAIL_OR_ID,
    site_id="a1a1a1a1a1a1a1a11001",
    api_key="b1b1b1b1b1b1b1b11001",
    app_key="c1c1c1c1c1c1c1c1c1c1c1c1c1c11001",
)
STAGING = Seed(
    environment_id=1002,
    name="Staging",
    region="eu",
    mode=IdentityMode.EMAIL_OR_ID,
    site_id="a2a2a2a2a2a2a2a21002",
    api_key="b2b2b2b2b2b2b2b21002",
    app_key="c2c2c2c2c2c2c2c2c2c2c2c2c2c21002",
)
CLASSIC = Seed(
    environment_id=1003,
    name="Classic",
    region="us",
    mode=IdentityMode.ID_ONLY,
    site_id="a3a3a3a3a3a3a3a31003",
    api_key="b3b3b3b3b3b3b3b31003",
    app_key="c3c3c3c3c3c3c3c3c3c3c3c3c3c31003",
)
SEEDS = (PRODUCTION, STAGING, CLASSIC)
