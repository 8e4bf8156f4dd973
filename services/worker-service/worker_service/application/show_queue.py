"""The queue: open batches as cards, filtered and sorted as the worker asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import BatchId, RequesterId, WorkerId

from worker_service.application.ports import Durations, Readers
from worker_service.domain.batches import BatchCard, BatchTerms
from worker_service.domain.offers import (
    Filter,
    Offer,
    Unseen,
    is_watched,
    order,
    why_unseen,
    with_language,
)
from worker_service.domain.pay import pay_per_hour
from worker_service.domain.queue_choices import QueueChoices, Watch
from worker_service.domain.requesters import RequesterFacts, facts_of

BATCHES_MAX = 500


@dataclass(frozen=True)
class Found:
    """What a watch finds in the queue as it stands, hidden or not."""

    watch: Watch
    offers: Sequence[Offer]


@dataclass(frozen=True)
class QueueView:
    """`unseen` are the open offers that are left out, each with the reason; `alerts` those that a
    watch found and that opened since the worker last looked at the alerts.
    """

    offers: Sequence[Offer]
    unseen: Sequence[tuple[Offer, Unseen]]
    alerts: Sequence[Offer]
    languages: Sequence[str]
    requesters: Mapping[RequesterId, str]
    choices: QueueChoices

    @property
    def open_count(self) -> int:
        return len(self.offers) + len(self.unseen)

    @property
    def other_language_count(self) -> int:
        """How many are left out for their language alone."""
        return self.unseen_count(Unseen.LANGUAGE)

    @property
    def hidden_count(self) -> int:
        return self.unseen_count(Unseen.HIDDEN) + self.unseen_count(Unseen.REQUESTER_HIDDEN)

    @property
    def filtered_count(self) -> int:
        return self.unseen_count(Unseen.FILTER)

    def unseen_count(self, reason: Unseen) -> int:
        return sum(why is reason for _offer, why in self.unseen)


class ShowQueue:
    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def __call__(self, worker_id: WorkerId, wanted: Filter) -> QueueView:
        choices = self._readers.choices.get(worker_id)
        spoken = self._spoken(worker_id)
        offers = [with_language(offer, spoken) for offer in self._offers()]
        judged = [(offer, why_unseen(offer, wanted, choices, spoken)) for offer in offers]
        shown = [offer for offer, why in judged if why is None]
        return QueueView(
            offers=sorted(shown, key=lambda offer: order(offer, wanted.sort)),
            unseen=[(offer, why) for offer, why in judged if why is not None],
            alerts=_alerts(offers, choices),
            languages=sorted({tag for o in offers for tag in o.terms.asked_languages}),
            requesters={o.terms.requester_id: o.terms.requester_name for o in offers},
            choices=choices,
        )

    def left_counts(self) -> dict[str, int]:
        """How many items each batch of the queue has left."""
        return {
            card.batch_id: card.left_count for card in self._readers.batches.listed(BATCHES_MAX)
        }

    def found(self, worker_id: WorkerId) -> Sequence[Found]:
        """What each of the worker's watches finds."""
        offers = self._offers()
        watches = self._readers.choices.get(worker_id).watches
        return [
            Found(watch, [offer for offer in offers if is_watched(offer, watch)])
            for watch in watches
        ]

    def of_requester(self, requester_id: RequesterId) -> Sequence[Offer]:
        """The requester's open batches, newest first."""
        return [offer for offer in self._offers() if offer.terms.requester_id == requester_id]

    def requester_name(self, requester_id: RequesterId) -> str:
        """Raises NotFound."""
        name = self._readers.batches.requester_name(requester_id)
        if name is None:
            raise NotFound("There is no such requester", requester_id=requester_id)
        return name

    def facts(self, requester_id: RequesterId) -> RequesterFacts | None:
        """None while too little is known."""
        return self._facts([requester_id]).get(requester_id)

    def one(self, worker_id: WorkerId, batch_id: BatchId) -> Offer:
        """As its card shows it, whether it is in the queue or not. Raises NotFound."""
        card = self._readers.batches.get(batch_id)
        offer = None if card is None else self.offer(card)
        if offer is None:
            raise NotFound("There is no such project", batch_id=batch_id)
        known = replace(offer, requester=self.facts(offer.terms.requester_id))
        return with_language(known, self._spoken(worker_id))

    def offer(self, card: BatchCard) -> Offer | None:
        """One batch with its pay per hour; None while its terms are not known."""
        if card.terms is None:
            return None
        return _offer(card, card.terms, self._readers.batches.durations_of([card]))

    def _spoken(self, worker_id: WorkerId) -> Sequence[str]:
        worker = self._readers.workers.get(worker_id)
        return worker.languages if worker else ()

    def _offers(self) -> list[Offer]:
        cards = self._readers.batches.listed(BATCHES_MAX)
        durations = self._readers.batches.durations_of(cards)
        facts = self._facts(sorted({card.terms.requester_id for card in cards if card.terms}))
        return [
            replace(
                _offer(card, card.terms, durations), requester=facts.get(card.terms.requester_id)
            )
            for card in cards
            if card.terms
        ]

    def _facts(self, ids: Sequence[RequesterId]) -> Mapping[RequesterId, RequesterFacts | None]:
        histories = self._readers.requesters.many(ids)
        return {requester_id: facts_of(found) for requester_id, found in histories.items()}


def _alerts(offers: Sequence[Offer], choices: QueueChoices) -> list[Offer]:
    fresh = [o for o in offers if choices.seen_at is None or o.terms.opened_at > choices.seen_at]
    return [o for o in fresh if any(is_watched(o, watch) for watch in choices.watches)]


def _offer(card: BatchCard, terms: BatchTerms, durations: Durations) -> Offer:
    pay = pay_per_hour(
        terms.reward,
        durations.of_batch.get(card.batch_id, ()),
        durations.of_project.get(terms.project_id, ()),
    )
    return Offer(card, terms, pay)
