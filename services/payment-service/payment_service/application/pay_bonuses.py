"""Pay bonuses from the requester's wallet to whoever held the assignment, or say what is missing.

The grant and the claim come from two topics in any order: a bonus whose worker is not known yet
waits in the database, and a job looks again.
"""

from dataclasses import replace

from crowdloom.chassis.store import Store
from crowdloom.contracts import Envelope
from crowdloom.contracts.payment import BonusDeclined, BonusSettled, slot_fee
from crowdloom.contracts.task import BonusGranted
from crowdloom.kernel import Money, PoisonMessage
from crowdloom.kernel.ids import WorkerId

from payment_service.application.ports import Session
from payment_service.application.vat import vat_of
from payment_service.domain import chart, flows
from payment_service.domain.bonuses import Bonus

_PAID_AT_ONCE_MAX = 50


def bonus_granted(envelope: Envelope, session: Session) -> None:
    """Emits BonusSettled or BonusDeclined, at once or when the worker is known."""
    event = envelope.of(BonusGranted)
    if event.amount.units <= 0:
        raise PoisonMessage(f"{event.bonus_id}: no amount")
    if session.bonuses.get(event.bonus_id) is not None:
        return
    bonus = Bonus(
        bonus_id=event.bonus_id,
        assignment_id=event.assignment_id,
        batch_id=event.batch_id,
        requester_id=event.requester_id,
        amount=event.amount,
        # The published one, as for a reward: ours to compute, not the asker's.
        fee=slot_fee(event.amount),
        reason=event.reason,
        granted_at=event.granted_at,
        tax=vat_of(session, event.requester_id, envelope.occurred_at),
    )
    session.bonuses.add(bonus)
    session.settle_staged()
    _pay(session, bonus)


def _pay(session: Session, bonus: Bonus) -> bool:
    """Returns whether it came to an end."""
    worker_id = session.assignments.worker_of(bonus.assignment_id)
    if worker_id is None:
        return False
    wallet = chart.wallet(bonus.requester_id, bonus.amount.currency)
    missing = bonus.cost.units - session.ledger.balances({wallet})[wallet]
    if missing > 0:
        _decline(session, bonus, Money(missing, bonus.amount.currency))
    else:
        _settle(session, bonus, worker_id)
    return True


def _settle(session: Session, bonus: Bonus, worker_id: WorkerId) -> None:
    session.ledger.post(flows.bonus(bonus, worker_id))
    session.bonuses.end(
        replace(bonus, status="settled", worker_id=worker_id, ended_at=session.now())
    )
    session.emit(
        BonusSettled(
            bonus_id=bonus.bonus_id,
            batch_id=bonus.batch_id,
            requester_id=bonus.requester_id,
            amount=bonus.amount,
            fee=bonus.fee,
            settled_at=session.now(),
            vat=bonus.vat,
        )
    )


def _decline(session: Session, bonus: Bonus, missing: Money) -> None:
    session.bonuses.end(replace(bonus, status="declined", ended_at=session.now()))
    session.emit(
        BonusDeclined(
            bonus_id=bonus.bonus_id,
            batch_id=bonus.batch_id,
            requester_id=bonus.requester_id,
            code="insufficient_funds",
            needed=bonus.cost,
            missing=missing,
        )
    )


class PayWaitingBonuses:
    """A job: bonuses that waited for the claim. Returns how many came to an end."""

    def __init__(self, store: Store[Session]) -> None:
        self._store = store

    def __call__(self) -> int:
        def work(session: Session) -> int:
            return sum(_pay(session, bonus) for bonus in session.bonuses.waiting(_PAID_AT_ONCE_MAX))

        return self._store.run(work)
