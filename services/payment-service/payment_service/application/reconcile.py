"""Reconciliation: catch up with the processor, read both sides whole, report every difference."""

from collections.abc import Mapping
from typing import Any

import structlog
from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, Currency, IdFactory, Money
from crowdloom.kernel.ids import StaffId
from crowdloom.kernel.money import UNITS_PER_MINOR

from payment_service.application.journal import Journal
from payment_service.application.poll_processor import PollProcessor
from payment_service.application.ports import Session
from payment_service.application.processor import PaymentProcessor, ProcessorUnavailable
from payment_service.domain import chart
from payment_service.domain.reconciliation import Books, Difference, compare, unreconciled_minor

log = structlog.get_logger(__name__)

# While money moves, the two sides are read at slightly different moments: look again.
_LOOKS_MAX = 3
_DIFFERENCES_KEPT_MAX = 500


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


class Reconcile:
    """A job: carry out what is queued."""

    def __init__(
        self,
        store: Store[Session],
        *,
        journal: Journal,
        processor: PaymentProcessor,
        poll: PollProcessor,
        clock: Clock,
    ) -> None:
        self._store = store
        self._journal = journal
        self._processor = processor
        self._poll = poll
        self._clock = clock

    def __call__(self) -> int:
        queued = self._store.run(lambda session: session.reconciliations.queued())
        for reconciliation_id in queued:
            result = self.outcome()
            self._store.run(
                lambda s, i=reconciliation_id, r=result: _keep(s, i, r)  # type: ignore[misc]
            )
        return len(queued)

    def outcome(self) -> dict[str, Any]:
        """The result as it is stored. A feed that fails or is empty is an error, never zero."""
        try:
            return self._looked_again()
        except ProcessorUnavailable as error:
            return self._failed("feed_incomplete", str(error))

    def _looked_again(self) -> dict[str, Any]:
        result = self._look()
        for _ in range(_LOOKS_MAX - 1):
            if result["status"] == "failed" or not result["differences"]:
                break
            result = self._look()
        return result

    def _look(self) -> dict[str, Any]:
        self._poll.catch_up()
        lines = {line.transaction_id: line for line in self._processor.lines_since(None)}
        transfers = self._processor.transfers()
        balances = self._processor.balances()
        booked = self._journal.booked_lines()
        if not lines:
            code = "feed_incomplete" if booked else "feed_empty"
            return self._failed(code, "The processor's feed is empty")
        trial = self._journal.trial_balance()
        sums: dict[str, int] = {}
        stripe: dict[str, Money] = {}
        for row in trial:
            sums[row.currency.code] = sums.get(row.currency.code, 0) + row.signed
            if row.path.startswith(("asset:stripe:pending:", "asset:stripe:available:")):
                before = stripe.get(row.currency.code, Money.zero(row.currency))
                stripe[row.currency.code] = before + Money(row.signed, row.currency)
        kept = self._journal.kept_balances()
        summed = {row.path: Money(-row.signed, row.currency) for row in trial}
        guarded = {path for path in set(kept) | set(summed) if chart.is_guarded(path)}
        books = Books(
            lines=lines,
            transfers=transfers,
            balances=balances,
            booked=booked,
            ledger_stripe=stripe,
            posted_by_item=self._journal.posted_by_item(),
            trial_sums=sums,
            guarded={path: (_at(kept, path), _at(summed, path)) for path in guarded},
        )
        return self._report(books, compare(books))

    def _report(self, books: Books, differences: list[Difference]) -> dict[str, Any]:
        ours = sum(amount.units for amount in books.ledger_stripe.values())
        theirs = sum(held.available.units + held.pending.units for held in books.balances.values())
        return {
            "status": "completed",
            "ended_at": self._clock.now(),
            "journal_minor": ours // UNITS_PER_MINOR,
            "processor_minor": theirs // UNITS_PER_MINOR,
            "unreconciled_minor": unreconciled_minor(differences),
            "lines_count": len(books.lines),
            "transfers_count": len(books.transfers),
            "transfers_minor": sum(transfer.amount.minor for transfer in books.transfers),
            "posted_minor": sum(amount.minor for amount in books.posted_by_item.values()),
            "journal": [amount.to_wire() for _, amount in sorted(books.ledger_stripe.items())],
            "processor": [
                (held.available + held.pending).to_wire()
                for _, held in sorted(books.balances.items())
            ],
            "differences_count": len(differences),
            "differences": [_document(found) for found in differences[:_DIFFERENCES_KEPT_MAX]],
        }

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


def _at(amounts: Mapping[str, Money], path: str) -> Money:
    return amounts.get(path) or Money.zero(Currency.of(path.rpartition(":")[2]))


def _document(found: Difference) -> dict[str, Any]:
    return {"kind": found.kind, "subject": found.subject, "amount": found.amount.to_wire()}


def _keep(session: Session, reconciliation_id: str, result: Mapping[str, Any]) -> None:
    """Store the result; open an exception per difference, resolve those that are gone."""
    session.reconciliations.set_result(reconciliation_id, result)
    if result["status"] != "completed":
        return
    found = set()
    for difference in result["differences"]:
        key = f"recon:{difference['kind']}:{difference['subject']}"
        found.add(key)
        session.exceptions.open(
            key=key,
            kind=difference["kind"],
            subject=difference["subject"],
            amount=Money.from_wire(difference["amount"]),
            facts={"reconciliation": reconciliation_id},
        )
    for key in session.exceptions.open_keys("recon:"):
        if key not in found:
            session.exceptions.resolve(key, resolution="no_longer_differs")
