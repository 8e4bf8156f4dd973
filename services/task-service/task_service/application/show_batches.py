"""How far a batch is, and how long an answer takes: what its requester looks at."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median_low

from crowdloom.kernel import Money
from crowdloom.kernel.ids import ProjectId, RequesterId, TaskId

from task_service.application.ports import Reader
from task_service.domain.batches import Batch
from task_service.domain.consensus import majority
from task_service.domain.given_back import PROBLEMS
from task_service.domain.submissions import Answer, Submission
from task_service.domain.tallies import Tally

PACE_SAMPLE_MAX = 100
PROBLEMS_COUNTED_MAX = 500
_EARLIER_BATCHES_MAX = 5
_SECONDS_PER_HOUR = 3_600
_LATELY = timedelta(hours=1)


@dataclass(frozen=True)
class Progress:
    """A batch's slots, each counted once; `leased` is None where it was never told.

    `shut` are slots that end unpaid: rejected and not opened again, or withdrawn.
    """

    slots: int
    accepted: int
    submitted: int
    rejected: int
    shut: int
    leased: int | None

    @property
    def in_work(self) -> int:
        """Never more than what is left: the count comes from elsewhere and lags behind."""
        return min(self.leased or 0, self._unanswered)

    @property
    def waiting(self) -> int:
        return self._unanswered - self.in_work

    @property
    def answers(self) -> int:
        return self.accepted + self.submitted

    @property
    def _unanswered(self) -> int:
        return max(0, self.slots - self.answers - self.shut)


@dataclass(frozen=True)
class Pace:
    """The median time from claim to submission, in whole seconds, of `n` answers."""

    seconds: int
    n: int


@dataclass(frozen=True)
class Throughput:
    """`hourly` answers an hour as of late; `seconds_left` until the rest is answered at that pace,
    None where nothing is left or nothing comes.
    """

    hourly: int
    seconds_left: int | None


@dataclass(frozen=True)
class Agreement:
    """The mean share (0..1) of votes for the most frequent value, over `n` fields of tasks."""

    share: float
    n: int


@dataclass(frozen=True)
class BatchLine:
    """A batch in a list."""

    batch: Batch
    progress: Progress


@dataclass(frozen=True)
class Measured:
    """`pace` is None where there is no answer yet, `agreement` where no task among those has
    several.
    """

    pace: Pace | None
    agreement: Agreement | None


class ShowBatches:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def progress(self, batch: Batch) -> Progress:
        return _progress(batch, self._reader.submissions.tally(batch.batch_id))

    def newest(self, requester_id: RequesterId, count_max: int) -> list[BatchLine]:
        found = self._reader.batches.of_requester(requester_id, count_max)
        return self.lines(found)

    def lines(self, batches: Sequence[Batch]) -> list[BatchLine]:
        tallies = self._reader.submissions.tallies([batch.batch_id for batch in batches])
        return [BatchLine(batch, _progress(batch, tallies[batch.batch_id])) for batch in batches]

    def throughput(self, batch: Batch, progress: Progress, now: datetime) -> Throughput | None:
        """Of the last hour; None before the first answer in it."""
        count = self._reader.submissions.count_since(batch.batch_id, now - _LATELY, now)
        if not count:
            return None
        left = progress.waiting + progress.in_work
        seconds_left = round(left * _LATELY.total_seconds() / count)
        return Throughput(count, seconds_left if left else None)

    def problems(self, batch: Batch) -> int:
        """How often an item was given back with a reason that is the item's; at most so many."""
        return self._reader.given_back.count(batch.batch_id, PROBLEMS, PROBLEMS_COUNTED_MAX)

    def measured(self, batch: Batch) -> Measured:
        """Of the batch's first answers."""
        sample = self._sample(batch)
        return Measured(_pace(sample), _agreement(sample))

    def _sample(self, batch: Batch) -> list[Submission]:
        return self._reader.submissions.page(
            batch.batch_id, status=None, after=None, count_max=PACE_SAMPLE_MAX
        )

    def pace_of_project(self, project_id: ProjectId) -> Pace | None:
        """Of the newest batch of the project that has answers."""
        found = self._reader.batches.page(project_id, before=None, count_max=_EARLIER_BATCHES_MAX)
        paces = (_pace(self._sample(batch)) for batch in found if batch.revision)
        return next((pace for pace in paces if pace), None)


def _pace(sample: Sequence[Submission]) -> Pace | None:
    if not sample:
        return None
    seconds = median_low([submission.seconds for submission in sample])
    return Pace(max(1, round(seconds)), len(sample))


def _agreement(sample: Sequence[Submission]) -> Agreement | None:
    by_task: dict[TaskId, list[Answer]] = defaultdict(list)
    for submission in sample:
        if submission.counts:
            by_task[submission.task_id].append(submission.answer)
    votes = [
        won.votes / won.n
        for answers in by_task.values()
        for won in majority(answers).values()
        if won.n > 1
    ]
    return Agreement(sum(votes) / len(votes), len(votes)) if votes else None


def _progress(batch: Batch, tally: Tally) -> Progress:
    return Progress(
        slots=batch.slot_count,
        accepted=tally.accepted,
        submitted=tally.submitted,
        rejected=tally.rejected,
        shut=tally.closed_slots + batch.withdrawn_count,
        leased=batch.leased_slot_count,
    )


def hourly(reward: Money, seconds: int) -> Money:
    """What an hour of such items pays, rounded down to whole minor units."""
    return Money(reward.units * _SECONDS_PER_HOUR // seconds, reward.currency).floored_to_minor()
