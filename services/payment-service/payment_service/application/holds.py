"""Keeping a worker's earnings back: placed by one person at once, or because a payout came back;
released by two.
"""

import hashlib

from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, Currency, IdFactory, Money
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import PREFIXES, StaffId, WorkerId

from payment_service.application.approvals import ApprovalKind, Payload, Prepared
from payment_service.application.ports import Session
from payment_service.domain import chart, flows
from payment_service.domain.approvals import Approval, stated
from payment_service.domain.holds import BY_RULE, AlreadyHeld, Hold, HoldReleased
from payment_service.domain.payouts import PayoutItem

_ID_CHARACTERS = 26


class PlaceHold:
    """All that is payable is kept back, and the worker is in no run until it is released."""

    def __init__(
        self, store: Store[Session], *, clock: Clock, ids: IdFactory, currency: Currency
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._currency = currency

    def __call__(self, who: StaffId, worker_id: WorkerId, *, reason: str) -> Hold:
        """Raises ReasonMissing, NotFound for a worker without earnings, AlreadyHeld."""
        reason = stated(reason)

        def work(session: Session) -> Hold:
            if any(each.item_id is None for each in session.holds.of_worker(worker_id)):
                raise AlreadyHeld("This worker's earnings are held already")
            if session.payees.get(worker_id) is None and not session.assignments.settled_count(
                worker_id
            ):
                raise NotFound("There is no such payee")
            path = chart.payable(worker_id, self._currency)
            placed = Hold(
                hold_id=self._ids.new("hold"),
                worker_id=worker_id,
                amount=Money(session.ledger.balances({path})[path], self._currency),
                reason=reason,
                placed_by=who,
                placed_at=self._clock.now(),
            )
            session.holds.add(placed)
            if placed.amount.units:
                session.ledger.post(flows.hold(placed))
            session.audit.note(
                who=who,
                what="hold.place",
                subject=placed.hold_id,
                worker=worker_id,
                amount=placed.amount.to_wire(),
                reason=placed.reason,
            )
            return placed

        return self._store.run(work)


def hold_returned(session: Session, item: PayoutItem, *, entry_key: str) -> None:
    """A payout came back: its amount is held until two people say that it is sent again. The entry
    of the return has moved it there, and names the hold: one a return.
    """
    digest = hashlib.sha256(entry_key.encode()).hexdigest()
    placed = Hold(
        hold_id=f"{PREFIXES['hold']}_{digest[:_ID_CHARACTERS]}",
        worker_id=item.worker_id,
        amount=item.returnable,
        reason=f"The bank sent {item.item_id} back",
        placed_by=BY_RULE,
        placed_at=session.now(),
        item_id=item.item_id,
    )
    session.holds.add(placed)
    session.audit.note(
        who=BY_RULE,
        what="hold.place",
        subject=placed.hold_id,
        worker=placed.worker_id,
        amount=placed.amount.to_wire(),
        reason=placed.reason,
    )


def hold_release(clock: Clock) -> ApprovalKind:
    """The proposal's payload is `{"hold_id"}`."""

    def prepare(session: Session, payload: Payload) -> Prepared:
        held = _open_hold(session, str(payload.get("hold_id", "")))
        return Prepared(
            subject=held.worker_id,
            payload={"hold_id": held.hold_id, "amount": held.amount.to_wire()},
        )

    def carry_out(session: Session, approval: Approval) -> None:
        held = _open_hold(session, approval.payload["hold_id"])
        session.holds.release(held.hold_id, clock.now())
        if held.amount.units:
            session.ledger.post(flows.unhold(held))

    return ApprovalKind(prepare, carry_out)


def _open_hold(session: Session, hold_id: str) -> Hold:
    held = session.holds.get(hold_id)
    if held is None:
        raise NotFound("There is no such hold")
    if held.released_at is not None:
        raise HoldReleased("It was released before")
    return held
