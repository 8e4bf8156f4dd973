"""Carry out approved runs: reserve, persist the attempt, call, and believe only definite answers.

An item's `next_try_at` is its lease: whoever moves it to `sending` has it to himself until then.
A process that dies there leaves an item whose outcome is unknown, like a lost answer does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import structlog
from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock

from payment_service.application.finish_runs import finish_run
from payment_service.application.payout_switch import stop_by_itself
from payment_service.application.ports import Session
from payment_service.application.processor import (
    NotSentYet,
    OutcomeUnknown,
    PaymentProcessor,
    ProcessorUnavailable,
    TransferRefused,
    TurnedAway,
)
from payment_service.application.translate import payout_failed
from payment_service.domain import flows
from payment_service.domain.entries import InsufficientFunds
from payment_service.domain.holds import EarningsHeld
from payment_service.domain.payouts import ItemState, PayoutItem, Rail
from payment_service.domain.suspensions import WorkerSuspended

log = structlog.get_logger(__name__)

ITEMS_TOGETHER_MAX = 10
_LEASE = timedelta(seconds=90)
_PAUSE = timedelta(seconds=2)
_PAUSE_MAX = timedelta(minutes=10)
_TRIES_MAX = 6
_BALANCE_INSUFFICIENT = "balance_insufficient"
# So often in a row, and everything else would be refused as well.
_SHORT_MAX = 3
_LOOKED_UP = (ItemState.SENDING, ItemState.UNKNOWN)
_TRIED = (ItemState.RESERVED, *_LOOKED_UP)
# The processor may forget idempotency keys after a day: no repeated call after that.
_KEY_LIFETIME = timedelta(hours=20)


HandOver = Callable[[Session, PayoutItem], None]
"""Moves a reserved line on, in one transaction; does nothing where it has moved."""


class ExecutePayouts:
    """`by_ourselves` are the rails that need no call: what each does with a reserved line."""

    def __init__(
        self,
        store: Store[Session],
        processor: PaymentProcessor,
        *,
        clock: Clock,
        by_ourselves: Mapping[Rail, HandOver] | None = None,
    ) -> None:
        self._store = store
        self._processor = processor
        self._clock = clock
        self._by_ourselves = by_ourselves or {}
        self._short_count = 0

    def __call__(self) -> int:
        """A job: move due items one step on; returns how many. While payouts are stopped, only
        what may have been sent before is looked up.
        """
        due = self._store.run(self._due)
        for item in due:
            self._step(item)
        return len(due)

    def _due(self, session: Session) -> Sequence[PayoutItem]:
        states = _LOOKED_UP if session.payout_runs.switch().stopped else None
        return session.payout_runs.due_items(self._clock.now(), ITEMS_TOGETHER_MAX, states=states)

    def _step(self, item: PayoutItem) -> None:
        if item.state is ItemState.APPROVED:
            reserved = self._reserve(item)
            if reserved is not None:
                self._send(reserved)
        elif item.state is ItemState.RESERVED and not item.tries:
            self._send(item)
        else:
            self._look_up(item)

    def _reserve(self, item: PayoutItem) -> PayoutItem | None:
        now = self._clock.now()
        reserved = replace(
            item,
            state=ItemState.RESERVED,
            attempt=item.attempt + 1,
            tries=0,
            refusal_code=None,
            refusal=None,
            changed_at=now,
            next_try_at=now,
        )

        def work(session: Session) -> bool:
            if session.suspensions.of_worker(item.worker_id) is not None:
                raise WorkerSuspended("No payout is made to this worker")
            if session.holds.of_worker(item.worker_id):
                raise EarningsHeld("This worker's earnings are held")
            if not session.payout_runs.change_item(reserved, was={ItemState.APPROVED}):
                return False
            session.ledger.post(flows.payout_reserve(reserved))
            return True

        try:
            return reserved if self._store.run(work) else None
        except InsufficientFunds:
            code, sentence = "insufficient_payable", "Less is payable than the line says"
        except (WorkerSuspended, EarningsHeld) as refusal:
            code, sentence = refusal.code, str(refusal)
        self._fail(item, code=code, sentence=sentence, was={ItemState.APPROVED})
        return None

    def _send(self, item: PayoutItem) -> None:
        hand_over = self._by_ourselves.get(item.rail)
        if hand_over is None:
            self._send_to_processor(item)
            return

        def work(session: Session) -> None:
            if not session.payout_runs.switch().stopped:
                hand_over(session, item)

        self._store.run(work)

    def _send_to_processor(self, item: PayoutItem) -> None:
        now = self._clock.now()
        sending = replace(
            item,
            state=ItemState.SENDING,
            tries=item.tries + 1,
            changed_at=now,
            sending_since=item.sending_since if item.tries else now,
            next_try_at=now + _LEASE,
        )
        was = {ItemState.RESERVED, ItemState.UNKNOWN, ItemState.SENDING} & {item.state}
        # Persisted before the call: after a crash we know that there may have been one. Of two
        # processes that want to send, the one that counts the try has the item to itself.
        # The switch is read in the same transaction: once it is off nothing more begins.
        if not self._store.run(
            lambda s: (
                not s.payout_runs.switch().stopped
                and s.payout_runs.change_item(sending, was=was, tries=item.tries)
            )
        ):
            return
        try:
            transfer = self._processor.send(sending)
        except TransferRefused as refusal:
            self._fail(sending, code=refusal.code, sentence=refusal.sentence)
            self._count_short(refusal)
        except TurnedAway as reason:
            self._wait(sending, ItemState.RESERVED)
            self._stop("processor_turns_away", str(reason))
        except NotSentYet as reason:
            log.warning("payout_not_sent_yet", item=item.item_id, why=str(reason))
            self._wait(sending, ItemState.RESERVED)
        except OutcomeUnknown as reason:
            log.warning("payout_outcome_unknown", item=item.item_id, why=str(reason))
            self._wait(sending, ItemState.UNKNOWN)
        else:
            self._short_count = 0
            self._mark_sent(sending, transfer.transfer_id)

    def _count_short(self, refusal: TransferRefused) -> None:
        short = refusal.code == _BALANCE_INSUFFICIENT
        self._short_count = self._short_count + 1 if short else 0
        if self._short_count >= _SHORT_MAX:
            self._short_count = 0
            self._stop(_BALANCE_INSUFFICIENT, refusal.sentence)

    def _stop(self, code: str, reason: str) -> None:
        log.error("payouts_stopped", code=code, why=reason)
        now = self._clock.now()
        self._store.run(lambda s: stop_by_itself(s, code=code, reason=reason, at=now))

    def _look_up(self, item: PayoutItem) -> None:
        """Ask what became of an attempt; call again, with the same key, only where it is absent.
        Also where the answer was "not yet": one before it may have been lost.
        """
        not_yet = item.state is ItemState.RESERVED
        try:
            transfers = self._processor.transfers(item.run_id)
        except ProcessorUnavailable:
            self._wait(item, ItemState.RESERVED if not_yet else ItemState.UNKNOWN)
            return
        for transfer in transfers:
            if transfer.metadata.get("payout_item") == item.item_id:
                self._mark_sent(item, transfer.transfer_id)
                return
        age = self._clock.now() - (item.sending_since or self._clock.now())
        if self._store.run(lambda s: s.payout_runs.switch()).stopped:
            self._wait(item, ItemState.UNKNOWN)
        elif (not_yet or item.tries < _TRIES_MAX) and age < _KEY_LIFETIME:
            self._send(item)
        else:
            self._wait(item, ItemState.UNKNOWN, escalated=True)

    def _mark_sent(self, item: PayoutItem, transfer_id: str) -> None:
        sent = replace(
            item,
            state=ItemState.SENT,
            transfer_id=transfer_id,
            changed_at=self._clock.now(),
            next_try_at=None,
        )
        self._store.run(lambda s: s.payout_runs.change_item(sent, was=_TRIED))

    def _wait(self, item: PayoutItem, state: ItemState, *, escalated: bool = False) -> None:
        now = self._clock.now()
        pause = min(_PAUSE * 2 ** max(item.tries - 1, 0), _PAUSE_MAX)
        waiting = replace(
            item, state=state, escalated=escalated, changed_at=now, next_try_at=now + pause
        )

        def work(session: Session) -> None:
            changed = session.payout_runs.change_item(waiting, was=_TRIED)
            if changed and state is ItemState.UNKNOWN:
                session.exceptions.open(
                    key=f"unknown:{item.item_id}",
                    kind="unknown_outcome",
                    subject=item.item_id,
                    amount=item.amount,
                    facts={"run": item.run_id, "attempt": item.attempt},
                )

        self._store.run(work)

    def _fail(
        self,
        item: PayoutItem,
        *,
        code: str,
        sentence: str,
        was: set[ItemState] | None = None,
    ) -> None:
        """A definite refusal: what was reserved is payable again, and a person decides."""
        now = self._clock.now()
        failed = replace(
            item,
            state=ItemState.FAILED,
            refusal_code=code,
            refusal=sentence,
            changed_at=now,
            next_try_at=None,
        )

        def work(session: Session) -> None:
            if not session.payout_runs.change_item(failed, was=was or {ItemState.SENDING}):
                return
            if was is None:
                session.ledger.post(flows.payout_void(failed))
            session.payout_requests.set_status(
                {item.request_id}, "failed", at=now, refusal_code=code, refusal=sentence
            )
            session.exceptions.resolve(f"unknown:{item.item_id}", resolution="refused")
            session.exceptions.open(
                key=f"payout_failed:{item.item_id}",
                kind="payout_failed",
                subject=item.item_id,
                amount=item.amount,
                facts={"run": item.run_id, "code": code, "reason": sentence},
            )
            session.emit(payout_failed(failed, now))
            finish_run(session, item.run_id)

        self._store.run(work)
