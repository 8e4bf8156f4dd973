"""Reserve the cost of a batch before anybody can work on it, or say how much is missing; reserve
more where a batch grows.
"""

from dataclasses import replace

from crowdloom.contracts import Envelope
from crowdloom.contracts.payment import BatchFunded, BatchFundingDeclined, slot_fee
from crowdloom.contracts.task import BatchFundingRequested
from crowdloom.kernel import Money, PoisonMessage

from payment_service.application.ports import Session
from payment_service.application.release_funds import release_withdrawn
from payment_service.application.vat import vat_of
from payment_service.domain import chart, flows
from payment_service.domain.batches import BatchBook, BatchTerms, EarlierTerms
from payment_service.domain.vat import Vat


def fund_batch(envelope: Envelope, session: Session) -> None:
    """Emits BatchFunded or BatchFundingDeclined. What it costs is ours to compute."""
    event = envelope.of(BatchFundingRequested)
    terms = _terms(event, vat_of(session, event.requester_id, envelope.occurred_at))
    if event.title:
        session.batches.note_title(terms.batch_id, event.title)
    book = session.batches.get(terms.batch_id)
    if book is not None and book.terms is not None:
        # A batch keeps the rate that it was published with.
        terms = replace(terms, tax=book.terms.tax)
        if terms.revision > book.terms.revision:
            _grow(session, book, terms, event.vat)
        else:
            _refuse_second(session, book.terms, terms)
        return
    wrong = _wrong_price(terms, event.vat)
    if wrong:
        _decline(session, terms, wrong, Money.zero(terms.currency))
        return
    wallet = chart.wallet(terms.requester_id, terms.currency)
    missing = terms.cost.units - session.ledger.balances({wallet})[wallet]
    if missing > 0:
        _decline(session, terms, "insufficient_funds", Money(missing, terms.currency))
        return
    session.ledger.post(flows.publish(terms))
    session.batches.fund(terms, session.now(), EarlierTerms())
    _funded(session, terms, terms.cost)
    for revision, slot_count in sorted(book.withdrawals.items()) if book else ():
        release_withdrawn(session, terms, revision=revision, slot_count=slot_count)


def _terms(event: BatchFundingRequested, tax: Vat) -> BatchTerms:
    if event.slot_count <= 0 or event.reward.units <= 0:
        raise PoisonMessage(f"{event.batch_id}: no slots, or no reward")
    return BatchTerms(
        batch_id=event.batch_id,
        requester_id=event.requester_id,
        revision=event.revision,
        slot_count=event.slot_count,
        reward=event.reward,
        fee=event.fee,
        tax=tax,
    )


def _wrong_price(terms: BatchTerms, asked_vat: Money | None) -> str:
    """The code with which it is declined; empty where what was asked for is what it costs."""
    if terms.fee != slot_fee(terms.reward):
        return "wrong_fee"
    return "wrong_vat" if asked_vat is not None and asked_vat != terms.vat else ""


def _grow(session: Session, book: BatchBook, terms: BatchTerms, asked_vat: Money | None) -> None:
    """More slots, or a higher reward for all slots that are not settled: the difference is reserved
    from the wallet, or nothing changes and the batch goes on as before.
    """
    session.settle_staged()
    book = session.batches.get(terms.batch_id) or book
    before, nothing = book.terms, Money.zero(terms.currency)
    if before is None or book.closed:
        _decline(session, terms, "batch_over", nothing, needed=nothing)
        return
    wrong = _wrong_price(terms, asked_vat)
    if wrong or not terms.is_more_than(before):
        code = wrong if terms.is_more_than(before) else "less_than_published"
        _decline(session, terms, code, nothing, needed=nothing)
        return
    escrow = chart.escrow(terms.requester_id, terms.batch_id, terms.currency)
    wallet = chart.wallet(terms.requester_id, terms.currency)
    held = session.ledger.balances({escrow, wallet})
    open_count = held[escrow] // before.slot_cost.units
    added = terms.slot_count - before.slot_count
    more = terms.slot_cost * (open_count + added) - before.slot_cost * open_count
    if more.units > held[wallet]:
        missing = more - Money(held[wallet], terms.currency)
        _decline(session, terms, "insufficient_funds", missing, needed=more)
        return
    if more:
        session.ledger.post(flows.publish(terms, more))
    earlier = book.earlier.grown(
        before,
        terms,
        settled_count=book.settled_count,
        closed_count=before.slot_count - open_count,
    )
    session.batches.fund(terms, session.now(), earlier)
    _funded(session, terms, more)


def _funded(session: Session, terms: BatchTerms, reserved: Money) -> None:
    session.emit(
        BatchFunded(
            batch_id=terms.batch_id,
            requester_id=terms.requester_id,
            revision=terms.revision,
            reserved=reserved,
        )
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


def _decline(
    session: Session, terms: BatchTerms, code: str, missing: Money, *, needed: Money | None = None
) -> None:
    session.emit(
        BatchFundingDeclined(
            batch_id=terms.batch_id,
            requester_id=terms.requester_id,
            revision=terms.revision,
            code=code,
            needed=terms.cost if needed is None else needed,
            missing=missing,
        )
    )
