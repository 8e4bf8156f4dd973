"""A worker whom nobody pays out to while somebody looks into it; what was earned stays as it is."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.kernel.errors import Conflict
from crowdloom.kernel.ids import StaffId, WorkerId


class AlreadySuspended(Conflict):
    """One suspension a worker at a time."""

    code = "already_suspended"


class SuspensionLifted(Conflict):
    """There is nothing left to lift."""

    code = "suspension_lifted"


class WorkerSuspended(Conflict):
    """No payout is made to this worker."""

    code = "worker_suspended"


@dataclass(frozen=True)
class Suspension:
    """While `lifted_at` is None the worker is in no payout run, and nothing that was approved
    before is begun.
    """

    suspension_id: str
    worker_id: WorkerId
    reason: str
    placed_by: StaffId
    placed_at: datetime
    lifted_at: datetime | None = None
