"""What one operation works with: its transaction, the time, the settings and who asked."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from stripe_simulator.settings import Settings
from stripe_simulator.store import Tx

# The version whose shapes are sent, the one the pinned stripe package speaks.
API_VERSION = "2026-10-28.endive"


@dataclass(frozen=True)
class Asked:
    """The HTTP request behind an operation; empty for what the simulator does by itself."""

    request_id: str | None = None
    idempotency_key: str | None = None
    # The connected account it is asked for; empty for the platform itself.
    account: str = ""


@dataclass(frozen=True)
class Scope:
    tx: Tx
    now: int
    settings: Settings
    origin: str
    asked: Asked = field(default_factory=Asked)


def rfc3339(seconds: int) -> str:
    """Times in v2 objects are texts."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
