"""Reserve the cost of a batch before anybody can work on it, or say how much is missing."""

from crowdloom.contracts import Envelope
from crowdloom.contracts.payment import BatchFunded, BatchFundingDeclined, slot_fee
from crowdloom.contracts.task import BatchFundingRequested
from crowdloom.kernel import Money, PoisonMessage

from payment_service.application.ports import Session
from payment_service.application.release_funds import release_withdrawn
from payment_service.domain import chart, flows
from payment_service.domain.batches import BatchTerms


def fund_batch(envelope: Envelope, session: Session) -> None:
    """Emits BatchFunded or BatchFundingDeclined. The fee is ours to compute, not the asker's."""
    terms = _terms(envelope.of(BatchFundingRequested))
    book = session.batches.get(terms.batch_id)
    if book is not None and book.terms is not None:
        _refuse_second(session, book.terms, terms)
        return
    if terms.fee != slot_fee(terms.reward):
        _decline(session, terms, "wrong_fee", Money.zero(terms.currency))
        return
    wallet = chart.wallet(terms.requester_id, terms.currency)
    missing = terms.cost.units - session.ledger.balances({wallet})[wallet]
    if missing > 0:
        _decline(session, terms, "insufficient_funds", Money(missing, terms.currency))
        return
    session.ledger.post(flows.publish(terms))
    session.batches.fund(terms, session.now())
    session.emit(
        BatchFunded(
            batch_id=terms.batch_id,
            requester_id=terms.requester_id,
            revision=terms.revision,
            reserved=terms.cost,
        )
    )
    for revision, slot_count in sorted(book.withdrawals.items()) if book else ():
        release_withdrawn(session, terms, revision=revision, slot_count=slot_count)


def _terms(event: BatchFundingRequested) -> BatchTerms:
    if event.slot_count <= 0 or event.reward.units <= 0:
        raise PoisonMessage(f"{event.batch_id}: no slots, or no reward")
    return BatchTerms(
        batch_id=event.batch_id,
        requester_id=event.requester_id,
        revision=event.revision,
        slot_count=event.slot_count,
        reward=event.reward,
        fee=event.fee,
    )


def _refuse_second(session: Session, funded: BatchTerms, asked: BatchTerms) -> None:
    """The same request again means nothing; another one is for a person to look at."""
    if asked != funded:
        session.exceptions.open(
            key=f"funding:{asked.batch_id}:{asked.revision}",
            kind="funded_already",
            subject=asked.batch_id,
            amount=asked.cost,
        )


def _decline(session: Session, terms: BatchTerms, code: str, missing: Money) -> None:
    session.emit(
        BatchFundingDeclined(
            batch_id=terms.batch_id,
            requester_id=terms.requester_id,
            revision=terms.revision,
            code=code,
            needed=terms.cost,
            missing=missing,
        )
    )
