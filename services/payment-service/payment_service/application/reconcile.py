"""Reconciliation: catch up with the processor and the banks, compare both sides, report every
difference. Both sides are read in order and merged, so that memory does not grow with the books.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.ids import StaffId
from crowdloom.kernel.money import UNITS_PER_MINOR

from payment_service.application.found_differences import (
    FIRST_ONES,
    IN_SUSPENSE,
    Found,
    settle_exceptions,
)
from payment_service.application.ledger_side import LedgerSums, Totalled
from payment_service.application.poll_processor import PollProcessor
from payment_service.application.ports import Session
from payment_service.application.processor import PaymentProcessor, ProcessorUnavailable
from payment_service.application.processor_side import (
    ProcessorSide,
    keys,
    lines,
    processor_side,
    transfers,
)
from payment_service.application.reconcile_ports import ReconciledBooks, Sorting
from payment_service.domain.bank_reconciliation import BankComparison, BankProof, OnItsWay
from payment_service.domain.processor_lines import ProcessorBalance
from payment_service.domain.reconciliation import Books, compare

log = structlog.get_logger(__name__)

# While money moves, the two sides are read at slightly different moments: look again.
_LOOKS_MAX = 3
_EVERY = timedelta(hours=6)
SCHEDULE = StaffId("schedule")
"""Who asks where nobody did."""


class QueueReconciliation:
    """Ask for one; the events process does it."""

    def __init__(self, store: Store[Session], *, clock: Clock, ids: IdFactory) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    def __call__(self, who: StaffId, *, key: str) -> Mapping[str, Any]:
        """Idempotent by key."""
        reconciliation_id = self._ids.new("reconciliation")

        def work(session: Session) -> Mapping[str, Any]:
            earlier = session.reconciliations.by_request_key(f"{who}:{key}")
            if earlier is not None:
                return earlier
            document = {
                "_id": reconciliation_id,
                "status": "queued",
                "asked_by": who,
                "asked_at": self._clock.now(),
                "request_key": f"{who}:{key}",
            }
            session.reconciliations.add(document)
            session.audit.note(who=who, what="reconciliation.ask", subject=reconciliation_id)
            return document

        return self._store.run(work)


class ScheduleReconciliation:
    """A job: one is asked for when the last is old, once there is something to compare."""

    def __init__(self, store: Store[Session], queue: QueueReconciliation, *, clock: Clock) -> None:
        self._store = store
        self._queue = queue
        self._clock = clock

    def __call__(self) -> int:
        now = self._clock.now()

        def newest(session: Session) -> datetime | None:
            asked = session.reconciliations.listed(1)
            return asked[0]["asked_at"] if asked else session.lines.newest_created()

        last = self._store.run(newest)
        if last is None or now - last < _EVERY:
            return 0
        self._queue(SCHEDULE, key=f"{last:%Y-%m-%dT%H:%M:%S}")
        return 1


class Reconcile:
    """A job: carry out what is queued."""

    def __init__(
        self,
        store: Store[Session],
        *,
        books: ReconciledBooks,
        processor: PaymentProcessor,
        poll: PollProcessor,
        book_banks: Callable[[], int],
        match_again: Callable[[], int],
        sorting: Sorting,
        clock: Clock,
    ) -> None:
        self._store = store
        self._books = books
        self._processor = processor
        self._poll = poll
        self._book_banks = book_banks
        self._match_again = match_again
        self._sorting = sorting
        self._clock = clock

    def __call__(self) -> int:
        queued = self._store.run(lambda session: session.reconciliations.queued())
        for reconciliation_id in queued:
            result = self.outcome(reconciliation_id)
            if result["status"] == "completed":
                settle_exceptions(self._store, reconciliation_id)
            self._store.run(
                lambda s, i=reconciliation_id, r=result: s.reconciliations.set_result(i, r)  # type: ignore[misc]
            )
        return len(queued)

    def outcome(self, reconciliation_id: str = "") -> dict[str, Any]:
        """The result as it is stored. A feed that fails or is empty is an error, never zero. Every
        difference is kept with the reconciliation that is named.
        """
        try:
            return self._looked_again(reconciliation_id)
        except ProcessorUnavailable as error:
            return self._failed("feed_incomplete", str(error))

    def _looked_again(self, reconciliation_id: str) -> dict[str, Any]:
        result = self._look(reconciliation_id)
        for _ in range(_LOOKS_MAX - 1):
            if result["status"] == "failed" or not result["differences"]:
                break
            result = self._look(reconciliation_id)
        return result

    def _look(self, reconciliation_id: str = "") -> dict[str, Any]:
        self._poll.catch_up()
        # A statement counts once it is confirmed, and its lines are booked little by little.
        while self._book_banks():
            pass
        self._match_again()
        with processor_side(self._processor, self._sorting) as side:
            if not side.lines_count:
                nothing_booked = next(self._books.booked(), None) is None
                code = "feed_empty" if nothing_booked else "feed_incomplete"
                return self._failed(code, "The processor's feed is empty")
            return self._compared(side, self._processor.balances(), reconciliation_id)

    def _compared(
        self,
        side: ProcessorSide,
        balances: Mapping[str, ProcessorBalance],
        reconciliation_id: str,
    ) -> dict[str, Any]:
        summed = LedgerSums(self._books)
        posted = Totalled(self._books.posted())
        books = Books(
            lines=lines(side.lines),
            sources=keys(side.sources),
            by_item=transfers(side.by_item),
            by_payee=transfers(side.by_payee),
            by_transfer=transfers(side.by_transfer),
            booked=self._books.booked(),
            posted=posted,
            guarded=summed.guarded(),
            balances=balances,
            ledger_stripe=summed.stripe,
            trial_sums=summed.trial,
        )
        banks = BankComparison(
            balances=self._books.bank_balances(),
            lines=self._books.bank_lines(),
            entries=self._books.bank_entries(),
            on_their_way=self._books.on_their_way(),
            today=self._clock.now().date(),
        )
        found = self._found(reconciliation_id)
        settled = self._store.run(lambda session: session.exceptions.settled(IN_SUSPENSE))
        found.take(
            each
            for each in compare(books)
            if each.kind != IN_SUSPENSE or each.subject not in settled
        )
        found.take(banks.differences())
        found.end()
        ours = sum(amount.units for amount in summed.stripe.values())
        theirs = sum(held.available.units + held.pending.units for held in balances.values())
        return {
            "status": "completed",
            "ended_at": self._clock.now(),
            "journal_minor": ours // UNITS_PER_MINOR,
            "processor_minor": theirs // UNITS_PER_MINOR,
            "unreconciled_minor": found.minor,
            "lines_count": side.lines_count,
            "transfers_count": side.transfers_count,
            "transfers_minor": side.transfers_minor,
            "posted_minor": posted.minor,
            "journal": [amount.to_wire() for _, amount in sorted(summed.stripe.items())],
            "processor": [
                (held.available + held.pending).to_wire() for _, held in sorted(balances.items())
            ],
            "differences_count": found.count,
            "differences": found.first,
            "all_kept": bool(reconciliation_id) or found.count == len(found.first),
            "explained": found.explained(),
            "lines_apart": found.apart_count,
            "banks": [_bank(proof) for proof in banks.proofs],
            "timing": [_timing(each) for each in banks.timing[:FIRST_ONES]],
            "timing_kept": self._keep_timing(reconciliation_id, banks.timing),
            "timing_count": len(banks.timing),
        }

    def _found(self, reconciliation_id: str) -> Found:
        """What an earlier look kept is not what is there now."""
        if not reconciliation_id:
            return Found()
        self._store.run(lambda s: s.reconciliations.forget_found(reconciliation_id))

        def keep(first_number: int, rows: Sequence[Mapping[str, Any]]) -> None:
            self._store.run(
                lambda s: s.reconciliations.keep_differences(
                    reconciliation_id, rows, first_number=first_number
                )
            )

        return Found(keep)

    def _keep_timing(self, reconciliation_id: str, timing: Sequence[OnItsWay]) -> bool:
        """All of them, some at a time; a look that nobody asked for keeps none."""
        for start in range(0, len(timing) if reconciliation_id else 0, FIRST_ONES):
            rows = [_timing(each) for each in timing[start : start + FIRST_ONES]]
            self._store.run(partial(_kept_timing, reconciliation_id, rows, start))
        return bool(reconciliation_id)

    def _failed(self, code: str, reason: str) -> dict[str, Any]:
        log.warning("reconciliation_failed", code=code, reason=reason)
        return {
            "status": "failed",
            "ended_at": self._clock.now(),
            "error_code": code,
            "error": reason,
            "unreconciled_minor": None,
            "differences": [],
        }


def _kept_timing(
    reconciliation_id: str, rows: Sequence[Mapping[str, Any]], start: int, session: Session
) -> None:
    session.reconciliations.keep_timing(reconciliation_id, rows, first_number=start)


def _bank(proof: BankProof) -> dict[str, Any]:
    balance = proof.balance
    return {
        "account": balance.path,
        "ledger": balance.ledger.to_wire(),
        "waiting": proof.waiting.to_wire(),
        "explained": proof.explained.to_wire(),
        "closing": balance.closing.to_wire() if balance.closing is not None else None,
        "unexplained": proof.unexplained.to_wire() if proof.unexplained is not None else None,
    }


def _timing(each: OnItsWay) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "subject": each.subject,
        "amount": each.amount.to_wire(),
        "due_on": each.due_on.isoformat(),
    }
