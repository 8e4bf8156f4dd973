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
    def batches(self) -> ports.Batches: ...
    @property
    def bonuses(self) -> ports.Bonuses: ...


class ShowEarned:
    def __init__(self, readers: Readers, currency: Currency) -> None:
        self._readers = readers
        self._currency = currency

    def since(self, worker_id: WorkerId, moment: datetime) -> Money:
        counts = self._readers.assignments.settled_since(worker_id, moment)
        books = self._readers.batches.many(set(counts))
        rewards = [
            book.terms.reward * counts[batch_id]
            for batch_id, book in books.items()
            if book.terms is not None and book.terms.currency is self._currency
        ]
        found = self._readers.bonuses.settled_of(worker_id, _BONUSES_MAX, since=moment)
        bonuses = [bonus.amount for bonus in found if bonus.amount.currency is self._currency]
        return sum(rewards + bonuses, Money.zero(self._currency))
