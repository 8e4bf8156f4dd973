"""What a worker has earned since a moment: settled rewards, as published, and bonuses."""

from datetime import datetime
from typing import Protocol

from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import WorkerId

from payment_service.application import ports

_BONUSES_MAX = 1_000


class Readers(Protocol):
    """Repositories outside of any transaction."""

    @property
    def assignments(self) -> ports.Assignments: ...
    @property
    def bonuses(self) -> ports.Bonuses: ...


class ShowEarned:
    def __init__(self, readers: Readers, currency: Currency) -> None:
        self._readers = readers
        self._currency = currency

    def since(self, worker_id: WorkerId, moment: datetime) -> Money:
        settled = self._readers.assignments.settled_since(worker_id, moment)
        rewards = [
            claim.reward
            for claim in settled
            if claim.reward is not None and claim.reward.currency is self._currency
        ]
        found = self._readers.bonuses.settled_of(worker_id, _BONUSES_MAX, since=moment)
        bonuses = [bonus.amount for bonus in found if bonus.amount.currency is self._currency]
        return sum(rewards + bonuses, Money.zero(self._currency))
