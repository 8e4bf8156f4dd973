"""Give reserved money back: rejected and closed slots, withdrawn slots, and the rest at the end."""

from crowdloom.contracts import Envelope
from crowdloom.contracts.matching import SlotsWithdrawn
from crowdloom.contracts.payment import BatchFundsReleased
from crowdloom.contracts.task import BatchCompleted, SubmissionRejected
from crowdloom.kernel import Money

from payment_service.application.ports import Session
from payment_service.domain import chart, flows
from payment_service.domain.batches import BatchTerms
from payment_service.domain.entries import Entry


def release_rejected(envelope: Envelope, session: Session) -> None:
    """A reopened slot keeps its money; a closed one gives it back."""
    event = envelope.of(SubmissionRejected)
    if event.slot_reopened:
        return
    session.settle_staged()
    book = session.batches.get(event.batch_id)
    if book is None or book.terms is None or book.closed:
        return
    _release(session, book.terms, flows.release(book.terms, event.assignment_id), "slot_closed")


def release_withdrawn_slots(envelope: Envelope, session: Session) -> None:
    """Slots of a cancelled batch. Heard of before the funding, they wait for it."""
    event = envelope.of(SlotsWithdrawn)
    session.settle_staged()
    session.batches.note_withdrawal(event.batch_id, event.revision, event.slot_count)
    book = session.batches.get(event.batch_id)
    if book is None or book.terms is None or book.closed:
        return
    release_withdrawn(session, book.terms, revision=event.revision, slot_count=event.slot_count)


def release_withdrawn(
    session: Session, terms: BatchTerms, *, revision: int, slot_count: int
) -> None:
    if slot_count > 0:
        entry = flows.cancel(terms, revision=revision, slot_count=slot_count)
        _release(session, terms, entry, "cancelled")


def close_batch(envelope: Envelope, session: Session) -> None:
    """All slots are decided. Accepted work whose claim is not here yet keeps what it needs."""
    event = envelope.of(BatchCompleted)
    session.settle_staged()
    book = session.batches.get(event.batch_id)
    if book is None or book.terms is None or book.closed:
        return
    needed = book.terms.slot_cost * session.assignments.waiting_count(event.batch_id)
    rest = _reserved(session, book.terms) - needed
    session.batches.close(event.batch_id)
    if rest.units > 0:
        _release(session, book.terms, flows.close(book.terms, rest), "completed")


def _reserved(session: Session, terms: BatchTerms) -> Money:
    path = chart.escrow(terms.requester_id, terms.batch_id, terms.currency)
    return Money(session.ledger.balances({path})[path], terms.currency)


def _release(session: Session, terms: BatchTerms, entry: Entry, cause: str) -> None:
    needed = terms.slot_cost * session.assignments.waiting_count(terms.batch_id)
    amount = Money(entry.total, terms.currency)
    if amount > _reserved(session, terms) - needed and not session.ledger.has(entry.key):
        session.exceptions.open(
            key=f"release:{entry.key}",
            kind="release_not_covered",
            subject=terms.batch_id,
            amount=amount,
        )
        return
    if session.ledger.post(entry):
        session.batches.note_released(terms.batch_id, amount)
        session.emit(
            BatchFundsReleased(
                batch_id=terms.batch_id,
                requester_id=terms.requester_id,
                released=amount,
                cause=cause,
            )
        )
