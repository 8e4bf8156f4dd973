"""Workers: a new anonymous account, and what its owner says about it."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.contracts import examples as ex
from crowdloom.contracts.registry import Event, event
from crowdloom.kernel.ids import WorkerId

OWNER = "worker-service"
TOPIC = "worker.profiles"


@event(
    "worker.worker.registered.v1",
    owner=OWNER,
    topic=TOPIC,
    key="worker_id",
    pii=True,
    example={"worker_id": ex.WORKER, "registered_at": ex.INSTANT, "languages": ["en", "fa"]},
)
@dataclass(frozen=True)
class WorkerRegistered(Event):
    """A new anonymous worker. No languages means any language."""

    worker_id: WorkerId
    registered_at: datetime
    languages: tuple[str, ...]


@event(
    "worker.profile.changed.v1",
    owner=OWNER,
    topic=TOPIC,
    key="worker_id",
    pii=True,
    example={"worker_id": ex.WORKER, "changed_at": ex.INSTANT, "languages": ["en"]},
)
@dataclass(frozen=True)
class ProfileChanged(Event):
    """The worker's whole profile as it is now."""

    worker_id: WorkerId
    changed_at: datetime
    languages: tuple[str, ...]


@event(
    "worker.account.closed.v1",
    owner=OWNER,
    topic=TOPIC,
    key="worker_id",
    pii=True,
    example={"worker_id": ex.WORKER, "closed_at": ex.INSTANT},
)
@dataclass(frozen=True)
class AccountClosed(Event):
    """Closed by its owner for good: no new work is given to it. What is payable stays payable."""

    worker_id: WorkerId
    closed_at: datetime
