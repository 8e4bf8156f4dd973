"""Bonuses as the books know them: granted for an assignment, then settled or declined, once."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.kernel import Money
from crowdloom.kernel.ids import AssignmentId, BatchId, RequesterId, WorkerId

from payment_service.domain.vat import NO_VAT, Vat


@dataclass(frozen=True)
class Bonus:
    """`status` is waiting (nobody knows yet who held the assignment), settled or declined.
    `worker_id` is known once it is settled.
    """

    bonus_id: str
    assignment_id: AssignmentId
    batch_id: BatchId
    requester_id: RequesterId
    amount: Money
    fee: Money
    reason: str
    granted_at: datetime
    status: str = "waiting"
    worker_id: WorkerId | None = None
    ended_at: datetime | None = None
    tax: Vat = NO_VAT

    @property
    def vat(self) -> Money:
        return self.tax.on(self.fee)

    @property
    def cost(self) -> Money:
        return self.amount + self.fee + self.vat
