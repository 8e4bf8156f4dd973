"""What grows old is found without anybody looking: I11 of money.md, and severities by age."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, Money

from payment_service.application.ports import Session
from payment_service.domain.exceptions import SUSPENSE_DAYS_MAX
from payment_service.domain.payouts import PayoutItem, Rail

UNKNOWN_HOURS_MAX = timedelta(hours=24)
# A bank takes up to three business days, and its statement comes on the next.
IN_TRANSIT_DAYS_MAX = timedelta(days=6)
_SUSPENSE_MAX = timedelta(days=SUSPENSE_DAYS_MAX)
_AGED = "suspense_aged:"


@dataclass(frozen=True)
class Suspense:
    """What stands on one suspense account, debit minus credit, and since when it was not zero."""

    path: str
    amount: Money
    since: datetime


class AgeingBooks(Protocol):
    """Read outside of transactions. Blocks."""

    def under_way(self) -> Sequence[PayoutItem]:
        """Payout lines whose money is reserved and whose outcome is not known."""
        ...

    def suspense(self) -> Sequence[Suspense]:
        """Suspense accounts that are not zero."""
        ...


class AgeExceptions:
    """A job; returns how many exceptions it opened or made worse. Repeating it changes nothing."""

    def __init__(self, store: Store[Session], books: AgeingBooks, *, clock: Clock) -> None:
        self._store = store
        self._books = books
        self._clock = clock

    def __call__(self) -> int:
        now = self._clock.now()
        late = [item for item in self._books.under_way() if is_late(item, now)]
        standing = self._books.suspense()

        def work(session: Session) -> int:
            before = set(session.exceptions.open_keys(""))
            for item in late:
                _ask_after(session, item)
            _watch_suspense(session, standing, now)
            opened = len(set(session.exceptions.open_keys("")) - before)
            return opened + session.exceptions.raise_severity(now)

        return self._store.run(work)


def is_late(item: PayoutItem, now: datetime) -> bool:
    """Whether somebody has to ask after a line that is under way."""
    since = item.sending_since or item.changed_at
    patience = IN_TRANSIT_DAYS_MAX if item.rail is Rail.BANK_FILE else UNKNOWN_HOURS_MAX
    return since is not None and now - since > patience


def _ask_after(session: Session, item: PayoutItem) -> None:
    session.exceptions.open(
        key=f"unknown:{item.item_id}",
        kind="unknown_outcome",
        subject=item.item_id,
        amount=item.amount,
        facts={"run": item.run_id, "attempt": item.attempt},
    )


def _watch_suspense(session: Session, standing: Sequence[Suspense], now: datetime) -> None:
    aged = {_AGED + each.path: each for each in standing if now - each.since > _SUSPENSE_MAX}
    for key, each in aged.items():
        session.exceptions.open(
            key=key,
            kind="suspense_aged",
            subject=each.path,
            amount=each.amount,
            facts={"since": each.since.date().isoformat()},
        )
    for key in session.exceptions.open_keys(_AGED):
        if key not in aged:
            session.exceptions.resolve(key, resolution="suspense_cleared")
