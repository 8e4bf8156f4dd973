"""What is kept of workers' own balances at the processor, beside the journal and never in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from crowdloom.kernel.ids import WorkerId

from payment_service.domain.memos import Memo, Mirror


class Memos(Protocol):
    """Blocks. Memos are appended alone; the mirrored balance is kept with each."""

    def note(self, memo: Memo, *, look_at: datetime) -> bool:
        """Returns whether it is new; the account is looked at again by then.

        Raises InsufficientFunds where the mirror would fall below zero: nothing is noted.
        """
        ...

    def due(self, now: datetime, count_max: int) -> Sequence[Mirror]:
        """Accounts to look at, the longest due first."""
        ...

    def looked(self, account_id: str, look_at: datetime | None) -> None:
        """Look again by then; not before something arrives, where it is None."""
        ...

    def came_back(self, account_id: str, at: datetime) -> None:
        """A bank sent a payout back to this account."""
        ...

    def of_worker(self, worker_id: WorkerId) -> Sequence[Mirror]:
        """One for each account and currency."""
        ...

    def of_account(self, path: str, count_max: int) -> Sequence[Memo]:
        """As they were noted, oldest first."""
        ...
