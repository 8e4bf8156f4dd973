"""The queue: open batches as cards, filtered and sorted as the worker asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from crowdloom.kernel.ids import RequesterId, WorkerId
from crowdloom.kernel.money import UNITS_PER_MINOR, Money

from worker_service.application.ports import Durations, Readers
from worker_service.domain.batches import BatchCard, BatchTerms
from worker_service.domain.pay import PayPerHour, pay_per_hour
from worker_service.domain.requesters import RequesterFacts, facts_of

BATCHES_MAX = 500
_MINE = "mine"
_ANY = "any"


class Sort(Enum):
    PAY = "pay"
    REWARD = "reward"
    LEFT = "left"
    NEWEST = "newest"


@dataclass(frozen=True)
class Filter:
    """`language` is a tag, "mine" (what the profile names) or "any"; `hourly_minor_min` a wish for
    pay per hour in minor units, which unmeasured batches pass: unknown is not zero.
    """

    words: str = ""
    hourly_minor_min: int = 0
    language: str = _MINE
    sort: Sort = Sort.PAY


@dataclass(frozen=True)
class Offer:
    """One card of the queue. `requester` is None while too little is known of its decisions."""

    card: BatchCard
    terms: BatchTerms
    pay: PayPerHour
    requester: RequesterFacts | None = None


@dataclass(frozen=True)
class QueueView:
    """`other_language_count` offers are open and left out for their language alone."""

    offers: Sequence[Offer]
    open_count: int
    other_language_count: int
    languages: Sequence[str]


class ShowQueue:
    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def __call__(self, worker_id: WorkerId, wanted: Filter) -> QueueView:
        cards = self._readers.batches.listed(BATCHES_MAX)
        durations = self._readers.batches.durations_of(cards)
        facts = self._facts(cards)
        offers = [
            replace(
                _offer(card, card.terms, durations), requester=facts.get(card.terms.requester_id)
            )
            for card in cards
            if card.terms
        ]
        worker = self._readers.workers.get(worker_id)
        spoken = worker.languages if worker else ()
        fitting = [offer for offer in offers if _fits(offer, wanted)]
        understood = [offer for offer in fitting if _understood(offer, wanted.language, spoken)]
        return QueueView(
            offers=sorted(understood, key=lambda offer: _order(offer, wanted.sort)),
            open_count=len(offers),
            other_language_count=len(fitting) - len(understood),
            languages=sorted({o.terms.language for o in offers if o.terms.language}),
        )

    def _facts(self, cards: Sequence[BatchCard]) -> Mapping[RequesterId, RequesterFacts | None]:
        ids = sorted({card.terms.requester_id for card in cards if card.terms})
        judged = self._readers.requesters.many(ids)
        return {requester_id: facts_of(found) for requester_id, found in judged.items()}

    def offer(self, card: BatchCard) -> Offer | None:
        """One batch with its pay per hour; None while its terms are not known."""
        if card.terms is None:
            return None
        return _offer(card, card.terms, self._readers.batches.durations_of([card]))


def _offer(card: BatchCard, terms: BatchTerms, durations: Durations) -> Offer:
    pay = pay_per_hour(
        terms.reward,
        durations.of_batch.get(card.batch_id, ()),
        durations.of_project.get(terms.project_id, ()),
    )
    return Offer(card, terms, pay)


def _fits(offer: Offer, wanted: Filter) -> bool:
    text = f"{offer.terms.title}\n{offer.terms.requester_name}".casefold()
    if any(word not in text for word in wanted.words.casefold().split()):
        return False
    return offer.pay.p50 is None or offer.pay.p50.minor >= wanted.hourly_minor_min


def _understood(offer: Offer, language: str, spoken: Sequence[str]) -> bool:
    needed = offer.terms.language
    if needed is None or language == _ANY:
        return True
    if language == _MINE:
        return not spoken or _primary(needed) in {_primary(tag) for tag in spoken}
    return _primary(needed) == _primary(language)


def _primary(tag: str) -> str:
    return tag.split("-", maxsplit=1)[0].lower()


def _order(offer: Offer, sort: Sort) -> tuple[object, ...]:
    newest = -offer.terms.opened_at.timestamp()
    match sort:
        case Sort.PAY:
            # Measured before estimated before unknown would hide new batches: rate decides.
            hourly = offer.pay.p50
            return (hourly is None, -_units(hourly), newest, offer.card.batch_id)
        case Sort.REWARD:
            return (-_units(offer.terms.reward), newest, offer.card.batch_id)
        case Sort.LEFT:
            return (-offer.card.left_count, newest, offer.card.batch_id)
        case Sort.NEWEST:
            return (newest, offer.card.batch_id)


def _units(amount: Money | None) -> int:
    """Comparable across currencies only by rough size: units cut to the minor unit."""
    return 0 if amount is None else amount.units // UNITS_PER_MINOR * UNITS_PER_MINOR
