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
        "granted_by": "test",
        "granted_at": ex.INSTANT,
        "score": 90,
        "expires_at": ex.LATER,
    },
)
@dataclass(frozen=True)
class QualificationGranted(Event):
    """The worker has `qualification` from now on, until `expires_at` where that is set; told again,
    the newest holds. `granted_by` is rule, test or requester; `score` the percent reached in a
    test. A requester's own qualification is named by its id (`qlf_...`).
    """

    worker_id: WorkerId
    qualification: str
    granted_by: str
    granted_at: datetime
    score: int | None = None
    expires_at: datetime | None = None


@event(
    "worker.qualification.revoked.v1",
    owner=OWNER,
    topic=TOPIC,
    key="worker_id",
    pii=True,
    example={
        "worker_id": ex.WORKER,
        "qualification": "reliable",
        "revoked_at": ex.INSTANT,
        "reason": "expired",
    },
)
@dataclass(frozen=True)
class QualificationRevoked(Event):
    """The worker has `qualification` no more: `expired`, `rule_not_met`, or a requester's words."""

    worker_id: WorkerId
    qualification: str
    revoked_at: datetime
    reason: str = ""
