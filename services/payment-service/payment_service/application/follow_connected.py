"""Follow what workers' own balances at the processor pay out to their banks, and what banks send
back: off our books, but a worker who is not paid in the end has to hear of it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import structlog
from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, Currency

from payment_service.application.ports import Session
from payment_service.application.processor import PaymentProcessor, ProcessorUnavailable
from payment_service.application.translate import payout_came_back
from payment_service.domain.entries import InsufficientFunds
from payment_service.domain.memos import ConnectedPayout, MemoKind, Mirror, arrived, noted
from payment_service.domain.payouts import PayoutItem, Rail

log = structlog.get_logger(__name__)

# The processor pays out once a day, and a bank may send a payout back for some business days.
LOOK_EVERY = timedelta(days=1)
_MAY_COME_BACK_FOR = timedelta(days=10)
_LOOKED_AT_TOGETHER = 20


def note_arrived(session: Session, item: PayoutItem) -> None:
    """Our transfer posted: by another rail there is no such balance."""
    if item.rail is Rail.STRIPE:
        now = session.now()
        session.memos.note(arrived(item, now), look_at=now + LOOK_EVERY)


class FollowConnected:
    """A job: look at the accounts that are due."""

    def __init__(self, store: Store[Session], processor: PaymentProcessor, *, clock: Clock) -> None:
        self._store = store
        self._processor = processor
        self._clock = clock

    def __call__(self) -> int:
        """Returns how many memos are new. What does not answer is looked at again later."""
        now = self._clock.now()
        due = self._store.run(lambda session: session.memos.due(now, _LOOKED_AT_TOGETHER))
        mirrors = {mirror.account_id: mirror for mirror in due}
        return sum(self._look(mirror) for mirror in mirrors.values())

    def _look(self, mirror: Mirror) -> int:
        now = self._clock.now()
        try:
            told = self._processor.connected_payouts(mirror.account_id)
        except ProcessorUnavailable as error:
            log.warning("connected_account_not_read", account=mirror.account_id, why=str(error))
            return 0
        # What was converted there cannot be held against what arrived; where a bank sent it back,
        # somebody has to hear of it all the same.
        ours = self._store.run(lambda session: _currencies(session, mirror))
        payouts = [each for each in told if each.amount.currency in ours or each.status == "failed"]
        count = sum(self._note(mirror, payout) for payout in reversed(payouts))
        self._store.run(lambda s: s.memos.looked(mirror.account_id, _next(s, mirror, payouts, now)))
        return count

    def _note(self, mirror: Mirror, payout: ConnectedPayout) -> int:
        look_at = self._clock.now() + LOOK_EVERY

        def work(session: Session) -> int:
            memos = noted(payout, account_id=mirror.account_id, worker_id=mirror.worker_id)
            new = [memo for memo in memos if session.memos.note(memo, look_at=look_at)]
            if any(memo.kind is MemoKind.RETURNED for memo in new):
                _came_back(session, mirror, payout)
            return len(new)

        try:
            return self._store.run(work)
        except InsufficientFunds:
            self._store.run(lambda session: _too_much(session, mirror, payout))
            return 0


def _currencies(session: Session, mirror: Mirror) -> Collection[Currency]:
    """In which something ever arrived on the account."""
    mirrors = session.memos.of_worker(mirror.worker_id)
    return {each.balance.currency for each in mirrors if each.account_id == mirror.account_id}


def _next(
    session: Session, mirror: Mirror, payouts: Sequence[ConnectedPayout], now: datetime
) -> datetime | None:
    """An account that is empty, and whose payouts are final, is left until something arrives."""
    mirrors = session.memos.of_worker(mirror.worker_id)
    holds = any(each.balance for each in mirrors if each.account_id == mirror.account_id)
    recent = any(now - payout.created_at < _MAY_COME_BACK_FOR for payout in payouts)
    return now + LOOK_EVERY if holds or recent else None


def _came_back(session: Session, mirror: Mirror, payout: ConnectedPayout) -> None:
    """The details are not used until their owner has looked at them: the next would come back."""
    now = session.now()
    session.memos.came_back(mirror.account_id, now)
    payee = session.payees.get(mirror.worker_id)
    if payee is not None and payee.account_id == mirror.account_id:
        session.payees.set_status(mirror.worker_id, "restricted", now)
    session.emit(payout_came_back(payout, worker_id=mirror.worker_id, at=now))


def _too_much(session: Session, mirror: Mirror, payout: ConnectedPayout) -> None:
    """More was paid out than we know to have arrived: money of another origin, or a mistake; or the
    bank sent back what had been converted.
    """
    session.exceptions.open(
        key=f"connected:{payout.payout_id}",
        kind="amount_mismatch",
        subject=payout.payout_id,
        amount=payout.amount,
        facts={
            "account": mirror.account_id,
            "worker": mirror.worker_id,
            **({"code": payout.failure_code} if payout.failure_code else {}),
        },
    )
