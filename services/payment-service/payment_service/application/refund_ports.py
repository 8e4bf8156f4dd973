"""What refunds need of the outside world. The same contract as in `ports`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from crowdloom.kernel.ids import RequesterId

from payment_service.domain.refunds import Charge, PartState, Refund, RefundPart, RefundStatus


class Refunds(Protocol):
    def add(self, refund: Refund, parts: Sequence[RefundPart]) -> None: ...

    def get(self, refund_id: str) -> Refund | None: ...

    def replace(self, refund: Refund) -> None: ...

    def parts(self, refund_id: str) -> Sequence[RefundPart]:
        """By number."""
        ...

    def part(self, part_id: str) -> RefundPart | None: ...

    def decide_parts(self, refund_id: str, state: PartState, at: datetime) -> None:
        """Move the planned ones to `state`; approved ones are due at once."""
        ...

    def change_part(
        self, part: RefundPart, *, was: Collection[PartState], tries: int | None = None
    ) -> bool:
        """Write the part if it is still in one of the states `was`, and was tried so often where
        that is named; returns whether it was.
        """
        ...

    def due_parts(
        self, now: datetime, count_max: int, *, states: Collection[PartState] | None = None
    ) -> Sequence[RefundPart]:
        """Parts that have something to do, oldest first; of the states alone where named."""
        ...

    def any_open(self) -> bool:
        """Whether some part is on its way to the processor or to our books."""
        ...

    def listed(
        self, count_max: int, *, before: str | None = None, status: RefundStatus | None = None
    ) -> Sequence[Refund]:
        """Newest first."""
        ...

    def count(self, status: RefundStatus) -> int: ...

    def charges(self, requester_id: RequesterId) -> Sequence[Charge]:
        """What the requester's booked top-ups have left beside all refunds that were not refused,
        oldest first; those with nothing left are not named.
        """
        ...
