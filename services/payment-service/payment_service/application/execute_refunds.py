"""Carry out approved refunds: persist the attempt, call, and believe only definite answers.

The same steps as for payouts: a part's `next_try_at` is its lease, an answer that was lost is
looked up, and the switch that stops payouts stops refunds as well.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import structlog
from crowdloom.chassis.store import Store
from crowdloom.contracts.payment import RefundDeclined, RefundSettled
from crowdloom.kernel import Clock, Money

from payment_service.application.ask_refund import found
from payment_service.application.ports import Session
from payment_service.application.processor import (
    NotSentYet,
    OutcomeUnknown,
    PaymentProcessor,
    ProcessorUnavailable,
    TransferRefused,
)
from payment_service.domain import refund_flows
from payment_service.domain.refunds import (
    OPEN_PARTS,
    PartState,
    Refund,
    RefundPart,
    RefundStatus,
)

log = structlog.get_logger(__name__)

PARTS_TOGETHER_MAX = 10
_LEASE = timedelta(seconds=90)
_PAUSE = timedelta(seconds=2)
_PAUSE_MAX = timedelta(minutes=10)
_SHORT_PAUSE = timedelta(minutes=10)
_BALANCE_INSUFFICIENT = "balance_insufficient"
_TRIES_MAX = 6
_KEY_LIFETIME = timedelta(hours=20)
_LOOKED_UP = (PartState.SENDING, PartState.UNKNOWN)
_MAY_FAIL = (PartState.APPROVED, *_LOOKED_UP)


class ExecuteRefunds:
    def __init__(self, store: Store[Session], processor: PaymentProcessor, *, clock: Clock) -> None:
        self._store = store
        self._processor = processor
        self._clock = clock

    def __call__(self) -> int:
        """A job: move due parts one step on; returns how many."""
        due = self._store.run(self._due)
        for part in due:
            if part.state in _LOOKED_UP:
                self._look_up(part)
            else:
                self._begin(part)
        return len(due)

    def _due(self, session: Session) -> Sequence[RefundPart]:
        states = _LOOKED_UP if session.payout_runs.switch().stopped else None
        return session.refunds.due_parts(self._clock.now(), PARTS_TOGETHER_MAX, states=states)

    def _begin(self, part: RefundPart) -> None:
        """Never against a charge that its payer disputes: the bank would pay it twice. Where it was
        tried before, it may be carried out though the answer said not yet: an answer before that
        one was lost.
        """
        try:
            charge = self._processor.charge(part.charge_id)
            refund_id = self._processor.refund_of(part) if part.tries else None
        except ProcessorUnavailable:
            self._wait(part, PartState.APPROVED)
            return
        if refund_id is not None:
            self._mark_sent(part, refund_id)
        elif charge.disputed:
            self._fail(part, code="charge_disputed", sentence="The payment is disputed")
        elif charge.left < part.amount:
            self._fail(part, code="charge_used_up", sentence="Less is left of the payment")
        else:
            self._send(part)

    def _send(self, part: RefundPart) -> None:
        now = self._clock.now()
        sending = replace(
            part,
            state=PartState.SENDING,
            tries=part.tries + 1,
            changed_at=now,
            sending_since=part.sending_since or now,
            next_try_at=now + _LEASE,
        )
        # Persisted before the call; of two processes the one that counts the try has the part.
        if not self._store.run(
            lambda s: (
                not s.payout_runs.switch().stopped
                and s.refunds.change_part(sending, was={part.state}, tries=part.tries)
            )
        ):
            return
        try:
            refund_id = self._processor.refund(sending)
        except TransferRefused as refusal:
            if refusal.code == _BALANCE_INSUFFICIENT:
                self._wait_for_funds(sending)
            else:
                self._fail(sending, code=refusal.code, sentence=refusal.sentence)
        except NotSentYet as reason:
            log.warning("refund_not_sent_yet", part=part.part_id, why=str(reason))
            # An earlier try may have been carried out: only the first one is known not to be.
            first = part.state is PartState.APPROVED
            self._wait(sending, PartState.APPROVED if first else PartState.UNKNOWN)
        except OutcomeUnknown as reason:
            log.warning("refund_outcome_unknown", part=part.part_id, why=str(reason))
            self._wait(sending, PartState.UNKNOWN)
        else:
            self._mark_sent(sending, refund_id)

    def _look_up(self, part: RefundPart) -> None:
        """Ask what became of a call; call again, with the same key, only where it is absent."""
        try:
            refund_id = self._processor.refund_of(part)
        except ProcessorUnavailable:
            self._wait(part, PartState.UNKNOWN)
            return
        if refund_id is not None:
            self._mark_sent(part, refund_id)
            return
        age = self._clock.now() - (part.sending_since or self._clock.now())
        if self._store.run(lambda s: s.payout_runs.switch()).stopped:
            self._wait(part, PartState.UNKNOWN)
        elif part.tries < _TRIES_MAX and age < _KEY_LIFETIME:
            self._send(part)
        else:
            self._wait(part, PartState.UNKNOWN, escalated=True)

    def _mark_sent(self, part: RefundPart, processor_refund_id: str) -> None:
        sent = replace(
            part,
            state=PartState.SENT,
            processor_refund_id=processor_refund_id,
            changed_at=self._clock.now(),
            next_try_at=None,
        )
        self._store.run(lambda s: s.refunds.change_part(sent, was=_MAY_FAIL))

    def _wait(self, part: RefundPart, state: PartState, *, escalated: bool = False) -> None:
        now = self._clock.now()
        pause = min(_PAUSE * 2 ** max(part.tries - 1, 0), _PAUSE_MAX)
        waiting = replace(
            part, state=state, escalated=escalated, changed_at=now, next_try_at=now + pause
        )

        def work(session: Session) -> None:
            changed = session.refunds.change_part(waiting, was=_MAY_FAIL)
            if changed and state is PartState.UNKNOWN:
                session.exceptions.open(
                    key=f"unknown:{part.part_id}",
                    kind="unknown_outcome",
                    subject=part.part_id,
                    amount=part.amount,
                    facts={"refund": part.refund_id, "attempt": part.number},
                )

        self._store.run(work)

    def _wait_for_funds(self, part: RefundPart) -> None:
        """Nothing was sent; it is tried again when more may be there, and a person is told."""
        now = self._clock.now()
        waiting = replace(
            part,
            state=PartState.APPROVED,
            attempt=part.attempt + 1,
            tries=0,
            sending_since=None,
            changed_at=now,
            next_try_at=now + _SHORT_PAUSE,
        )

        def work(session: Session) -> None:
            if session.refunds.change_part(waiting, was=_LOOKED_UP):
                session.exceptions.open(
                    key=f"refund_waits:{part.part_id}",
                    kind="refund_waits",
                    subject=part.refund_id,
                    amount=part.amount,
                    facts={"refund": part.refund_id},
                )

        self._store.run(work)

    def _fail(self, part: RefundPart, *, code: str, sentence: str) -> None:
        """A definite refusal: the part's money is free again."""
        failed = replace(
            part,
            state=PartState.FAILED,
            refusal_code=code,
            refusal=sentence,
            changed_at=self._clock.now(),
            next_try_at=None,
        )

        def work(session: Session) -> None:
            if session.refunds.change_part(failed, was=_MAY_FAIL):
                refund = found(session, part.refund_id)
                session.ledger.post(refund_flows.void(refund, part.amount, number=part.number))
                for key in (f"unknown:{part.part_id}", f"refund_waits:{part.part_id}"):
                    session.exceptions.resolve(key, resolution="refused")
                finish_refund(session, refund)

        self._store.run(work)


def finish_refund(session: Session, refund: Refund) -> None:
    """End a refund whose every part has ended, and say so."""
    parts = session.refunds.parts(refund.refund_id)
    if refund.status is not RefundStatus.APPROVED or any(p.state in OPEN_PARTS for p in parts):
        return
    sent, returned = _sum(refund, parts, PartState.SETTLED), _sum(refund, parts, PartState.FAILED)
    now = session.now()
    status = RefundStatus.SETTLED if sent else RefundStatus.DECLINED
    session.refunds.replace(
        replace(refund, status=status, sent=sent, returned=returned, ended_at=now)
    )
    if sent:
        session.emit(
            RefundSettled(
                refund_id=refund.refund_id,
                requester_id=refund.requester_id,
                amount=sent,
                settled_at=now,
            )
        )
    if returned:
        session.emit(
            RefundDeclined(
                refund_id=refund.refund_id,
                requester_id=refund.requester_id,
                amount=returned,
                code=next(p.refusal_code or "refused" for p in parts if p.refusal_code),
                declined_at=now,
            )
        )


def _sum(refund: Refund, parts: Sequence[RefundPart], state: PartState) -> Money:
    units = sum(part.amount.units for part in parts if part.state is state)
    return Money(units, refund.amount.currency)
