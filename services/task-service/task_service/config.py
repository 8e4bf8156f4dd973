"""task-service's settings, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from crowdloom.chassis.settings import CommonSettings, read_common, read_environment

SERVICE = "task-service"


@dataclass(frozen=True)
class Settings:
    """`currency` is the one that payment-service settles in."""

    common: CommonSettings
    currency: str


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Raises EnvValidationError naming every missing or bad variable at once."""
    env = read_environment(environment)
    settings = Settings(
        common=read_common(env, service=SERVICE), currency=env.str("CURRENCY", "USD")
    )
    env.seal()
    return settings
