"""Settings that every service has. Each service's config.py reads its own beside these; nobody
else reads the environment.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from environs import Env


@dataclass(frozen=True)
class CommonSettings:
    """`public_keys` maps each issuing service to its public PEM; `sandbox` allows fault switches
    and is refused where a live payment key is set.
    """

    mongodb_uri: str
    kafka_bootstrap: str
    kafka_replication: int
    cursor_key: str
    signing_key: str
    public_keys: Mapping[str, str]
    public_url: str
    secure_cookies: bool
    sandbox: bool
    chaos_duplicate_every: int
    log_level: str


class _GivenEnv(Env):
    """Reads a mapping in place of the process's environment."""

    def __init__(self, given: Mapping[str, str]) -> None:
        super().__init__(prefix="CROWDLOOM_", eager=False)
        self._given = given

    def _get_value(self, env_key: str, default: Any) -> Any:
        return self._given.get(env_key, default)


def read_environment(environment: Mapping[str, str] | None = None) -> Env:
    """An Env that collects every missing or bad name; the caller seals it to report them all.

    Reads `environment`, or the process's own where none is given.
    """
    if environment is not None:
        return _GivenEnv(environment)
    return Env(prefix="CROWDLOOM_", eager=False)


def read_common(env: Env, *, service: str) -> CommonSettings:
    """Read what all services share; keys come as CROWDLOOM_<SERVICE>_SIGNING_KEY (PEM)."""
    prefix = service.replace("-", "_").upper()
    public_url = env.str("PUBLIC_URL", "http://127.0.0.1:8000")
    return CommonSettings(
        mongodb_uri=env.str("MONGODB_URI"),
        kafka_bootstrap=env.str("KAFKA_BOOTSTRAP"),
        kafka_replication=env.int("KAFKA_REPLICATION", 1),
        cursor_key=env.str("CURSOR_KEY"),
        signing_key=env.str(f"{prefix}_SIGNING_KEY"),
        public_keys=_public_keys(env),
        public_url=public_url,
        secure_cookies=(public_url or "").startswith("https://"),
        sandbox=env.bool("SANDBOX", False),
        chaos_duplicate_every=env.int("CHAOS_DUPLICATE_EVERY", 0),
        log_level=env.str("LOG_LEVEL", "INFO"),
    )


def _public_keys(env: Env) -> Mapping[str, str]:
    text = env.str("PUBLIC_KEYS")
    if not text:
        return {}
    keys: dict[str, str] = json.loads(text)
    return keys
