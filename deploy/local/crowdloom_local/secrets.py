"""The secrets of a market on one machine: made once, kept in its data folder for its owner."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from crowdloom.chassis.tokens import new_signing_key

SERVICES = ("task-service", "worker-service", "matching-service", "payment-service")


def environment_of_secrets(data: Path) -> dict[str, str]:
    """The environment variables that carry the secrets; makes them where there are none yet."""
    path = data / "secrets.json"
    if not path.exists():
        data.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(new_secrets(), file)
    found: dict[str, str] = json.loads(path.read_text())
    return found


def as_env_file(variables: Mapping[str, str]) -> str:
    """Variables as a `.env` file. Single quotes: what stands between them is taken as it is."""
    return "".join(f"{name}='{value}'\n" for name, value in sorted(variables.items()))


def new_secrets() -> dict[str, str]:
    variables, public_keys = {}, {}
    for service in SERVICES:
        private, public_keys[service] = new_signing_key()
        variables[f"CROWDLOOM_{service.replace('-', '_').upper()}_SIGNING_KEY"] = private
    return {
        **variables,
        "CROWDLOOM_PUBLIC_KEYS": json.dumps(public_keys),
        "CROWDLOOM_PSEUDONYM_KEY": secrets.token_hex(32),
        "CROWDLOOM_CURSOR_KEY": secrets.token_hex(32),
        "CROWDLOOM_STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(24)}",
    }
