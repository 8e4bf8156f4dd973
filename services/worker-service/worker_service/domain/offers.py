"""Offers of the queue: what a worker may ask of them, and why one is not shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from crowdloom.kernel.languages import understands
from crowdloom.kernel.money import UNITS_PER_MINOR, Money

from worker_service.domain.batches import BatchCard, BatchTerms
from worker_service.domain.pay import PayPerHour
from worker_service.domain.queue_choices import QueueChoices, Watch
from worker_service.domain.requesters import RequesterFacts

MINE = "mine"
ANY = "any"


class Sort(Enum):
    PAY = "pay"
    REWARD = "reward"
    LEFT = "left"
    NEWEST = "newest"


@dataclass(frozen=True)
class Filter:
    """`language` is a tag, "mine" (what the profile names) or "any"; `hourly_minor_min` a wish for
    pay per hour in minor units, which unmeasured batches pass: unknown is not zero. Zero and empty
    ask for nothing.
    """

    words: str = ""
    hourly_minor_min: int = 0
    reward_minor_min: int = 0
    lease_seconds_max: int = 0
    requester_id: str = ""
    language: str = MINE
    sort: Sort = Sort.PAY


@dataclass(frozen=True)
class Offer:
    """One card of the queue. `requester` is None while too little is known of its decisions;
    `unspoken` where a claim gives nothing, as the worker did not choose its language.
    """

    card: BatchCard
    terms: BatchTerms
    pay: PayPerHour
    requester: RequesterFacts | None = None
    unspoken: bool = False


class Unseen(Enum):
    """Why an open offer is not shown; the first that holds."""

    HIDDEN = "hidden"
    REQUESTER_HIDDEN = "requester_hidden"
    FILTER = "filter"
    LANGUAGE = "language"


def why_unseen(
    offer: Offer, wanted: Filter, choices: QueueChoices, spoken: Sequence[str]
) -> Unseen | None:
    """None where the offer is shown."""
    if offer.card.batch_id in choices.hidden_batches:
        return Unseen.HIDDEN
    if offer.terms.requester_id in choices.hidden_requesters:
        return Unseen.REQUESTER_HIDDEN
    if not _fits(offer, wanted):
        return Unseen.FILTER
    if not _understood(offer, wanted.language, spoken):
        return Unseen.LANGUAGE
    return None


def with_language(offer: Offer, spoken: Sequence[str]) -> Offer:
    """The offer as somebody sees it who knows these languages."""
    return replace(offer, unspoken=not understands(spoken, offer.terms.asked_languages))


def is_watched(offer: Offer, watch: Watch) -> bool:
    if watch.requester_id is not None:
        return offer.terms.requester_id == watch.requester_id
    return _says(offer, watch.words)


def order(offer: Offer, sort: Sort) -> tuple[object, ...]:
    """The key to sort by."""
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


def _fits(offer: Offer, wanted: Filter) -> bool:
    terms = offer.terms
    return (
        _says(offer, wanted.words)
        and (offer.pay.p50 is None or offer.pay.p50.minor >= wanted.hourly_minor_min)
        and terms.reward.units >= wanted.reward_minor_min * UNITS_PER_MINOR
        and (not wanted.lease_seconds_max or terms.lease_seconds <= wanted.lease_seconds_max)
        and wanted.requester_id in ("", terms.requester_id)
    )


def _says(offer: Offer, words: str) -> bool:
    text = f"{offer.terms.title}\n{offer.terms.requester_name}".casefold()
    return all(word in text for word in words.casefold().split())


def _understood(offer: Offer, language: str, spoken: Sequence[str]) -> bool:
    if language == ANY:
        return True
    return understands(spoken if language == MINE else (language,), offer.terms.asked_languages)


def _units(amount: Money | None) -> int:
    """Comparable across currencies only by rough size: units cut to the minor unit."""
    return 0 if amount is None else amount.units // UNITS_PER_MINOR * UNITS_PER_MINOR
