"""task-service's settings, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from crowdloom.chassis.settings import CommonSettings, read_common, read_environment

SERVICE = "task-service"


@dataclass(frozen=True)
class Settings:
    """`currency` is the one that payment-service settles in; `sign_ups_per_hour` is how many
    accounts one address may make.
    """

    common: CommonSettings
    currency: str
    sign_ups_per_hour: int


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Raises EnvValidationError naming every missing or bad variable at once."""
    env = read_environment(environment)
    settings = Settings(
        common=read_common(env, service=SERVICE),
        currency=env.str("CURRENCY", "USD"),
        sign_ups_per_hour=env.int("REQUESTER_SIGN_UPS_PER_HOUR_MAX", 200),
    )
    env.seal()
    return settings
