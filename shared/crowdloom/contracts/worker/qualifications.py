"""Qualifications: what a worker is known to be able to do, by a rule, a test or a requester."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.contracts import examples as ex
from crowdloom.contracts.registry import Event, event
from crowdloom.contracts.worker.profiles import OWNER, TOPIC
from crowdloom.kernel.ids import WorkerId


@event(
    "worker.qualification.granted.v1",
    owner=OWNER,
    topic=TOPIC,
    key="worker_id",
    pii=True,
    example={
        "worker_id": ex.WORKER,
        "qualification": "reliable",
        "granted_by": "rule",
        "granted_at": ex.INSTANT,
    },
)
@dataclass(frozen=True)
class QualificationGranted(Event):
    """The worker has `qualification` from now on. `granted_by` is rule, test or requester."""

    worker_id: WorkerId
    qualification: str
    granted_by: str
    granted_at: datetime


@event(
    "worker.qualification.revoked.v1",
    owner=OWNER,
    topic=TOPIC,
    key="worker_id",
    pii=True,
    example={"worker_id": ex.WORKER, "qualification": "reliable", "revoked_at": ex.INSTANT},
)
@dataclass(frozen=True)
class QualificationRevoked(Event):
    """The worker has `qualification` no more."""

    worker_id: WorkerId
    qualification: str
    revoked_at: datetime
