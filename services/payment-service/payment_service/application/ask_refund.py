"""A requester wants unspent money back on the card; two people of finance look at it first."""

import hashlib
from dataclasses import dataclass, replace

from crowdloom.chassis.idempotency import IdempotencyKeyReused
from crowdloom.chassis.store import Store
from crowdloom.contracts.payment import RefundDeclined
from crowdloom.kernel import Clock, Currency, Money
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import PREFIXES, RequesterId, StaffId
from crowdloom.kernel.limits import REASON_CHARACTERS_MAX
from crowdloom.kernel.money import WrongCurrency

from payment_service.application.approvals import ApprovalKind, Payload, Prepared
from payment_service.application.ports import Session
from payment_service.domain import chart, refund_flows
from payment_service.domain.approvals import Approval, stated
from payment_service.domain.people import AmountOutOfRange
from payment_service.domain.refunds import (
    PartState,
    Refund,
    RefundStatus,
    RefundTooLarge,
    parts_of,
    total_left,
)

_KEY_CHARACTERS = 26


@dataclass(frozen=True)
class Refundable:
    """The most that can be asked for now: `free` in the wallet and `left` on charges bound it."""

    free: Money
    left: Money

    @property
    def largest(self) -> Money:
        return min(self.free.floored_to_minor(), self.left, key=lambda one: one.units)


class AskRefund:
    """Reserves the amount at once, so that it cannot be spent meanwhile. Idempotent by the key."""

    def __init__(self, store: Store[Session], *, clock: Clock, currency: Currency) -> None:
        self._store = store
        self._clock = clock
        self._currency = currency

    def largest(self, requester_id: RequesterId) -> Refundable:
        return self._store.run(lambda session: _refundable(session, requester_id, self._currency))

    def __call__(self, requester_id: RequesterId, amount: Money, *, key: str) -> Refund:
        """Raises WrongCurrency, AmountOutOfRange, RefundTooLarge, IdempotencyKeyReused."""
        if amount.currency is not self._currency:
            raise WrongCurrency(
                "This market keeps its wallets in %(kept_in)s",
                kept_in=self._currency.code,
                currency=amount.currency.code,
            )
        if amount.units <= 0 or amount.floored_to_minor() != amount:
            raise AmountOutOfRange("Whole minor units, above zero", amount=amount.to_wire())
        digest = hashlib.sha256(f"{requester_id}\n{key}".encode()).hexdigest()
        wanted = Refund(
            refund_id=f"{PREFIXES['refund']}_{digest[:_KEY_CHARACTERS]}",
            requester_id=requester_id,
            amount=amount,
            status=RefundStatus.ASKED,
            asked_at=self._clock.now(),
            sent=Money.zero(amount.currency),
            returned=Money.zero(amount.currency),
        )
        return self._store.run(lambda session: _ask(session, wanted))

    def take_back(self, requester_id: RequesterId, refund_id: str) -> Refund:
        """Free again, as long as nobody approved it. Raises NotFound, RefundNotInStatus."""

        def work(session: Session) -> Refund:
            refund = found(session, refund_id)
            if refund.requester_id != requester_id:
                raise NotFound("There is no such refund")
            if refund.status is RefundStatus.TAKEN_BACK:
                return refund
            return _end_unsent(session, refund, RefundStatus.TAKEN_BACK, note="")

        return self._store.run(work)


def _ask(session: Session, wanted: Refund) -> Refund:
    kept = session.refunds.get(wanted.refund_id)
    if kept is not None:
        if kept.amount != wanted.amount:
            raise IdempotencyKeyReused("This Idempotency-Key was used with another amount")
        return kept
    may = _refundable(session, wanted.requester_id, wanted.amount.currency)
    if wanted.amount > may.largest:
        raise RefundTooLarge(
            "At most %(at_most)s can be sent back: %(free)s is free, and %(left)s was paid in by "
            "card and not sent back yet",
            at_most=may.largest,
            free=may.free,
            left=may.left,
            largest=may.largest.to_wire(),
        )
    charges = session.refunds.charges(wanted.requester_id)
    session.refunds.add(wanted, parts_of(wanted.refund_id, wanted.amount, charges))
    session.ledger.post(refund_flows.reserve(wanted))
    return wanted


def _refundable(session: Session, requester_id: RequesterId, currency: Currency) -> Refundable:
    wallet = chart.wallet(requester_id, currency)
    charges = session.refunds.charges(requester_id)
    return Refundable(
        free=Money(session.ledger.balances({wallet})[wallet], currency),
        left=total_left([each for each in charges if each.left.currency is currency], currency),
    )


def found(session: Session, refund_id: str) -> Refund:
    """Raises NotFound."""
    refund = session.refunds.get(refund_id)
    if refund is None:
        raise NotFound("There is no such refund")
    return refund


def _end_unsent(session: Session, refund: Refund, status: RefundStatus, *, note: str) -> Refund:
    """Raises RefundNotInStatus once it was approved or ended."""
    refund.require(RefundStatus.ASKED)
    ended = replace(
        refund, status=status, returned=refund.amount, note=note, ended_at=session.now()
    )
    session.refunds.replace(ended)
    session.refunds.decide_parts(refund.refund_id, PartState.FAILED, session.now())
    session.ledger.post(refund_flows.void(refund, refund.amount, number=0))
    return ended


class DeclineRefund:
    """One person of finance may say no: nothing leaves, and the money is free again."""

    def __init__(self, store: Store[Session]) -> None:
        self._store = store

    def __call__(self, who: StaffId, refund_id: str, *, reason: str) -> Refund:
        """Raises ReasonMissing, InvalidInput, NotFound, RefundNotInStatus."""
        note = stated(reason, REASON_CHARACTERS_MAX)

        def work(session: Session) -> Refund:
            refund = found(session, refund_id)
            if refund.status is RefundStatus.DECLINED:
                return refund
            declined = _end_unsent(session, refund, RefundStatus.DECLINED, note=note)
            session.audit.note(
                who=who,
                what="refund.decline",
                subject=refund_id,
                requester=refund.requester_id,
                amount=refund.amount.to_wire(),
                reason=note,
            )
            session.emit(
                RefundDeclined(
                    refund_id=refund_id,
                    requester_id=refund.requester_id,
                    amount=refund.amount,
                    code="declined",
                    declined_at=session.now(),
                )
            )
            return declined

        return self._store.run(work)


def refund_approval(clock: Clock) -> ApprovalKind:
    """The proposal's payload is `{"refund_id"}`; what is approved names amount and charges."""

    def prepare(session: Session, payload: Payload) -> Prepared:
        refund = found(session, str(payload.get("refund_id", "")))
        refund.require(RefundStatus.ASKED)
        return Prepared(subject=refund.refund_id, payload=_exact(session, refund))

    def carry_out(session: Session, approval: Approval) -> None:
        refund = found(session, approval.payload["refund_id"])
        refund.require(RefundStatus.ASKED)
        session.refunds.replace(replace(refund, status=RefundStatus.APPROVED))
        session.refunds.decide_parts(refund.refund_id, PartState.APPROVED, clock.now())

    return ApprovalKind(prepare, carry_out)


def _exact(session: Session, refund: Refund) -> Payload:
    parts = session.refunds.parts(refund.refund_id)
    return {
        "refund_id": refund.refund_id,
        "requester_id": refund.requester_id,
        "amount": refund.amount.to_wire(),
        "parts": [{"charge": p.charge_id, "amount": p.amount.to_wire()} for p in parts],
    }
