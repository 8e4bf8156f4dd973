"""A worker's earnings kept back while somebody looks into them."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.kernel import Money
from crowdloom.kernel.errors import Conflict
from crowdloom.kernel.ids import PayoutItemId, StaffId, WorkerId

# Who places a hold where nobody did: a rule of the books.
BY_RULE = StaffId("schedule")


class HoldReleased(Conflict):
    """There is nothing left to release."""

    code = "hold_released"


class AlreadyHeld(Conflict):
    """One hold by hand a worker at a time: a second one would say nothing new."""

    code = "already_held"


class EarningsHeld(Conflict):
    """No payout is begun to this worker."""

    code = "earnings_held"


@dataclass(frozen=True)
class Hold:
    """`amount` is what was payable when it was placed, 0 where nothing was; while `released_at` is
    None the worker is in no payout run. `item_id` names the payout that the bank sent back where
    its amount is what is held: such a hold is one a payout, any other one a worker.
    """

    hold_id: str
    worker_id: WorkerId
    amount: Money
    reason: str
    placed_by: StaffId
    placed_at: datetime
    released_at: datetime | None = None
    item_id: PayoutItemId | None = None
