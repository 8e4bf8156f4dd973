"""Settle accepted submissions exactly once: reserved funds -> the worker's reward and our fee.

Claims and accepts come from two topics in any order. Whichever is first waits in the database; all
of one transaction are settled together, with one change per guarded account.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from crowdloom.chassis.store import Store
from crowdloom.contracts import Envelope
from crowdloom.contracts.matching import AssignmentClaimed
from crowdloom.contracts.payment import RewardSettled
from crowdloom.contracts.task import (
    SubmissionAccepted,
    SubmissionReceived,
    SubmissionRejected,
    SubmissionReturned,
)
from crowdloom.kernel import Clock, Money
from crowdloom.kernel.ids import AssignmentId, BatchId

from payment_service.application.ports import Accepted, Claim, Session
from payment_service.application.release_funds import release_rejected
from payment_service.domain import chart, flows
from payment_service.domain.batches import BatchTerms
from payment_service.domain.entries import Entry

SETTLED_TOGETHER_MAX = 100


def note_claim(envelope: Envelope, session: Session) -> None:
    event = envelope.of(AssignmentClaimed)
    session.staged.claims.append(Claim(event.assignment_id, event.batch_id, event.worker_id))


def note_received(envelope: Envelope, session: Session) -> None:
    """What its worker sees as in review; nothing is owed before it is accepted."""
    event = envelope.of(SubmissionReceived)
    session.staged.received.append((event.assignment_id, event.batch_id))


def note_returned(envelope: Envelope, session: Session) -> None:
    """Sent back to its worker: it is handed in again as another assignment."""
    _decided(session, envelope.of(SubmissionReturned).assignment_id)


def note_rejected(envelope: Envelope, session: Session) -> None:
    event = envelope.of(SubmissionRejected)
    _decided(session, event.assignment_id)
    if not event.slot_reopened:
        session.assignments.note_closed(event.assignment_id, event.batch_id, event.rejected_at)
    release_rejected(envelope, session)


def _decided(session: Session, assignment_id: AssignmentId) -> None:
    session.settle_staged()
    session.assignments.note_decided(assignment_id)


def note_accepted(envelope: Envelope, session: Session) -> None:
    event = envelope.of(SubmissionAccepted)
    session.staged.accepts.append(
        Accepted(event.assignment_id, event.batch_id, event.accepted_at, overturns=event.overturns)
    )


class SettleStaged:
    """Run at the end of each transaction, and before whatever depends on what was staged.

    `hold` is how long a reward stays in clearing; none makes it payable in the same transaction.
    """

    def __init__(self, hold: timedelta) -> None:
        self._hold = hold

    def __call__(self, session: Session) -> None:
        staged = session.staged
        if not staged.claims and not staged.accepts and not staged.received:
            return
        session.assignments.learn(staged)
        touched = {claim.assignment_id for claim in staged.claims}
        touched |= {accept.assignment_id for accept in staged.accepts}
        staged.claims.clear()
        staged.accepts.clear()
        staged.received.clear()
        if touched:
            self.settle(session, session.assignments.ready(touched))

    def settle(self, session: Session, ready: Sequence[Claim]) -> int:
        """Settle what is covered by reserved funds; the rest waits and becomes an exception. What
        was rejected first is paid from the wallet, in any case.
        """
        covered = _covered(session, [claim for claim in ready if not claim.overturned])
        overturned = _with_terms(session, [claim for claim in ready if claim.overturned])
        entries = [_accept(claim, terms) for claim, terms in covered]
        entries += _overturns(session, overturned)
        covered += overturned
        if not covered:
            return 0
        if not self._hold:
            entries += [_mature(claim, terms) for claim, terms in covered]
        fresh = {entry.key for entry in session.ledger.post(*entries)}
        now = session.now()
        session.assignments.mark_settled(
            {claim.assignment_id: terms.reward for claim, terms in covered},
            settled_at=now,
            matures_at=now + self._hold if self._hold else None,
        )
        counted: Counter[BatchId] = Counter()
        for claim, terms in covered:
            if _key(claim) in fresh:
                counted[claim.batch_id] += 1
                session.emit(
                    RewardSettled(
                        assignment_id=claim.assignment_id,
                        batch_id=claim.batch_id,
                        worker_id=claim.worker_id,
                        reward=terms.reward,
                        settled_at=now,
                    )
                )
        session.batches.note_settled(counted)
        return len(covered)


def _key(claim: Claim) -> str:
    return f"accept:{claim.assignment_id}{':appeal' if claim.overturned else ''}"


def _accept(claim: Claim, terms: BatchTerms) -> Entry:
    return flows.accept(terms, assignment_id=claim.assignment_id, worker_id=claim.worker_id)


def _with_terms(session: Session, claims: Sequence[Claim]) -> list[tuple[Claim, BatchTerms]]:
    books = session.batches.many({claim.batch_id for claim in claims})
    known = [(claim, books.get(claim.batch_id)) for claim in claims]
    return [(claim, book.terms) for claim, book in known if book and book.terms]


def _overturns(session: Session, overturned: Sequence[tuple[Claim, BatchTerms]]) -> list[Entry]:
    """From the wallet as far as it goes; what the requester owes then is for a person to see."""
    wallets = {chart.wallet(terms.requester_id, terms.currency) for _, terms in overturned}
    left = dict(session.ledger.balances(wallets))
    entries = []
    for claim, terms in overturned:
        wallet = chart.wallet(terms.requester_id, terms.currency)
        paid = min(left[wallet], terms.slot_cost.units)
        left[wallet] -= paid
        entries.append(
            flows.overturn(
                terms,
                assignment_id=claim.assignment_id,
                worker_id=claim.worker_id,
                from_wallet=Money(paid, terms.currency),
            )
        )
        if paid < terms.slot_cost.units:
            session.exceptions.open(
                key=f"requester_owes:{claim.assignment_id}",
                kind="requester_owes",
                subject=terms.requester_id,
                amount=Money(terms.slot_cost.units - paid, terms.currency),
                facts={"batch": claim.batch_id, "assignment": claim.assignment_id},
            )
    return entries


def _covered(session: Session, ready: Sequence[Claim]) -> list[tuple[Claim, BatchTerms]]:
    books = session.batches.many({claim.batch_id for claim in ready})
    terms_of = {batch_id: book.terms for batch_id, book in books.items() if book.terms}
    left = dict(session.ledger.balances({_escrow(terms) for terms in terms_of.values()}))
    covered = []
    for claim in ready:
        terms = terms_of.get(claim.batch_id)
        if terms is None:
            continue
        if left[_escrow(terms)] >= terms.slot_cost.units:
            left[_escrow(terms)] -= terms.slot_cost.units
            covered.append((claim, terms))
        else:
            session.exceptions.open(
                key=f"underfunded:{claim.assignment_id}",
                kind="underfunded_settlement",
                subject=claim.assignment_id,
                amount=terms.slot_cost,
                facts={"batch": claim.batch_id},
            )
    return covered


def _escrow(terms: BatchTerms) -> str:
    return chart.escrow(terms.requester_id, terms.batch_id, terms.currency)


def _mature(claim: Claim, terms: BatchTerms) -> Entry:
    return flows.mature(
        # As it was settled: the terms may have grown since.
        claim.reward or terms.reward,
        assignment_id=claim.assignment_id,
        batch_id=claim.batch_id,
        worker_id=claim.worker_id,
    )


def _still_waiting(session: Session, claims: Sequence[Claim]) -> set[AssignmentId]:
    asked = {claim.assignment_id for claim in claims}
    return {claim.assignment_id for claim in session.assignments.ready(asked)}


class SettleWaiting:
    """A job: whatever was left waiting though all of it is here."""

    def __init__(self, store: Store[Session], settle: SettleStaged) -> None:
        self._store = store
        self._settle = settle

    def __call__(self) -> int:
        """Returns how many waited: for money, some of them for as long as there is none."""

        def work(session: Session) -> int:
            waiting = session.assignments.waiting(SETTLED_TOGETHER_MAX)
            ready = session.assignments.ready(waiting) if waiting else ()
            self._settle.settle(session, ready)
            for assignment_id in {c.assignment_id for c in ready} - _still_waiting(session, ready):
                session.exceptions.resolve(f"underfunded:{assignment_id}", resolution="settled")
            return len(waiting)

        return self._store.run(work)


class MatureRewards:
    """A job: rewards whose hold window is over become payable."""

    def __init__(self, store: Store[Session], clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def __call__(self) -> int:
        def work(session: Session) -> int:
            claims = session.assignments.maturing(self._clock.now(), SETTLED_TOGETHER_MAX)
            books = session.batches.many({claim.batch_id for claim in claims})
            entries = []
            for claim in claims:
                terms = books[claim.batch_id].terms
                if terms is not None:
                    entries.append(_mature(claim, terms))
            if claims:
                session.ledger.post(*entries)
                session.assignments.mark_matured({claim.assignment_id for claim in claims})
            return len(claims)

        return self._store.run(work)
