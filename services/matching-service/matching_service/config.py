"""matching-service's settings, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from crowdloom.chassis.settings import CommonSettings, read_common, read_environment

SERVICE = "matching-service"


@dataclass(frozen=True)
class Settings:
    """`pseudonym_key` is the secret that makes pseudonyms; losing it renames every worker."""

    common: CommonSettings
    pseudonym_key: bytes


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Raises EnvValidationError naming every missing or bad variable at once."""
    env = read_environment(environment)
    common = read_common(env, service=SERVICE)
    pseudonym_key = env.str("PSEUDONYM_KEY")
    env.seal()
    return Settings(common=common, pseudonym_key=bytes.fromhex(pseudonym_key))
