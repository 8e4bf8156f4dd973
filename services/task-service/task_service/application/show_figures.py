"""Figures about a batch's answers, of a bounded number of them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from crowdloom.chassis.kept import Kept
from crowdloom.kernel import Clock
from crowdloom.kernel.ids import BatchId, TaskId

from task_service.application.ports import Reader
from task_service.domain.batches import Batch
from task_service.domain.figures import (
    Arrivals,
    Band,
    Spread,
    agreement_bands,
    arrivals,
    spreads,
    time_bands,
)
from task_service.domain.known_answers import Accuracy, accuracy
from task_service.domain.submissions import Answer
from task_service.domain.tallies import Tally

SAMPLE_MAX = 1_000
_KEPT_AGE_MAX = timedelta(minutes=10)
_KEPT_MAX = 100


@dataclass(frozen=True)
class Figures:
    """Of the batch's first `n` answers; `is_all` where there are no more. `known` is None where no
    row's answer is known.
    """

    n: int
    is_all: bool
    spreads: list[Spread]
    agreement: list[Band]
    times: list[Band]
    step: timedelta
    arrivals: list[Arrivals]
    known: Accuracy | None = None


class ShowFigures:
    def __init__(self, reader: Reader, clock: Clock) -> None:
        self._reader = reader
        self._kept: Kept[tuple[BatchId, Tally], Figures] = Kept(
            clock=clock, age_max=_KEPT_AGE_MAX, count_max=_KEPT_MAX
        )

    def __call__(self, batch: Batch) -> Figures:
        """Answers that were rejected or sent back count for time and arrival alone. They are read
        again once there is another answer, or one is in another state.
        """
        tally = self._reader.submissions.tally(batch.batch_id)
        return self._kept.get((batch.batch_id, tally), lambda: self._read(batch))

    def _read(self, batch: Batch) -> Figures:
        found = self._reader.submissions.page(
            batch.batch_id, status=None, after=None, count_max=SAMPLE_MAX
        )
        by_task: dict[TaskId, list[Answer]] = defaultdict(list)
        for one in found:
            if one.counts:
                by_task[one.task_id].append(one.answer)
        step, came = arrivals(found)
        return Figures(
            n=len(found),
            is_all=len(found) < SAMPLE_MAX,
            spreads=spreads(one.answer for one in found if one.counts),
            agreement=agreement_bands(by_task.values()),
            times=time_bands(found),
            step=step,
            arrivals=came,
            known=accuracy(one.known_right for one in found),
        )
