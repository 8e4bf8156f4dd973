"""A worker's earnings kept back while somebody looks into them."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.kernel import Money
from crowdloom.kernel.errors import Conflict
from crowdloom.kernel.ids import StaffId, WorkerId


class HoldReleased(Conflict):
    """There is nothing left to release."""

    code = "hold_released"


class AlreadyHeld(Conflict):
    """One hold a worker at a time: a second one would say nothing new."""

    code = "already_held"


@dataclass(frozen=True)
class Hold:
    """`amount` is what was payable when it was placed, 0 where nothing was; while `released_at` is
    None the worker is in no payout run.
    """

    hold_id: str
    worker_id: WorkerId
    amount: Money
    reason: str
    placed_by: StaffId
    placed_at: datetime
    released_at: datetime | None = None
