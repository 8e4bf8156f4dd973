"""A worker reads what was answered to their questions, also when the tickets have run out."""

from collections.abc import Sequence
from dataclasses import dataclass

from crowdloom.kernel.ids import WorkerId

from worker_service.application.ports import Readers
from worker_service.application.talk_ports import TalkAnswer

ANSWERS_MAX = 200


@dataclass(frozen=True)
class TalkLine:
    """`title` is empty while the batch is not known here."""

    answer: TalkAnswer
    title: str


class ShowTalk:
    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def __call__(self, worker_id: WorkerId) -> Sequence[TalkLine]:
        """Newest first."""
        answers = self._readers.talk_answers.of_worker(worker_id, ANSWERS_MAX)
        cards = self._readers.batches.many(sorted({answer.batch_id for answer in answers}))
        titles = {
            batch_id: card.terms.title for batch_id, card in cards.items() if card.terms is not None
        }
        return [TalkLine(answer, titles.get(answer.batch_id, "")) for answer in answers]
