"""Settings from the environment; every missing or bad name is reported at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from crowdloom.chassis.settings import CommonSettings, read_common, read_environment

SERVICE = "worker-service"


@dataclass(frozen=True)
class Settings:
    """`registrations_per_hour_max` counts new accounts per address, and after
    `free_registrations_per_hour` (0: never) each comes slowly or with an effort;
    `trusted_proxy_count` says how many proxies in front of us may name the caller's address.
    """

    common: CommonSettings
    registrations_per_hour_max: int
    free_registrations_per_hour: int
    trusted_proxy_count: int


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Raises EnvValidationError naming everything that is missing or wrong."""
    env = read_environment(environment)
    settings = Settings(
        common=read_common(env, service=SERVICE),
        registrations_per_hour_max=env.int("WORKER_REGISTRATIONS_PER_HOUR_MAX", 2_000),
        free_registrations_per_hour=env.int("WORKER_FREE_REGISTRATIONS_PER_HOUR", 30),
        trusted_proxy_count=env.int("TRUSTED_PROXY_COUNT", 0),
    )
    env.seal()
    return settings
