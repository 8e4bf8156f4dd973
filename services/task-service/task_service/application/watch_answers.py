"""What an operator sees of the newest answers of all projects: what looks odd, as evidence."""

from collections.abc import Sequence
from dataclasses import dataclass

from crowdloom.kernel.ids import BatchId

from task_service.application.ports import Reader
from task_service.domain.answer_signals import Alike, AlwaysSame, alike, always_same

LOOKED_AT_MAX = 2_000
_SHOWN_MAX = 50


@dataclass(frozen=True)
class AnswersNow:
    """`titles` are those of the batches that are named."""

    looked_at_count: int
    alike: Sequence[Alike]
    always_same: Sequence[AlwaysSame]
    titles: dict[BatchId, str]


class WatchAnswers:
    """Read when asked, from the newest answers; nothing is written for it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __call__(self) -> AnswersNow:
        newest = self._reader.submissions.newest(LOOKED_AT_MAX)
        same_words, same_choice = alike(newest)[:_SHOWN_MAX], always_same(newest)[:_SHOWN_MAX]
        named = {one.batch_id for one in same_words} | {one.batch_id for one in same_choice}
        batches = [self._reader.batches.get(batch_id) for batch_id in sorted(named)]
        titles = {batch.batch_id: batch.title for batch in batches if batch}
        return AnswersNow(len(newest), same_words, same_choice, titles)
