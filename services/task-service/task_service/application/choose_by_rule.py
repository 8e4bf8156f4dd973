"""Which waiting answers a rule chooses: looked at before anything is decided."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crowdloom.kernel.ids import SubmissionId, TaskId

from task_service.application.ports import Reader
from task_service.domain.batches import Batch
from task_service.domain.consensus import Consensus, joined, majority
from task_service.domain.review_rules import Rule
from task_service.domain.submissions import Submission, SubmissionStatus

LOOKED_AT_MAX = 5_000
_PAGE = 200
_FIELDS_SAMPLE = 50


@dataclass(frozen=True)
class Chosen:
    """`submissions` in the order they came; `looked_at` of the batch's waiting answers, the oldest
    ones; `more` where there are others beyond.
    """

    submissions: tuple[Submission, ...]
    looked_at: int
    more: bool

    @property
    def ids(self) -> list[SubmissionId]:
        return [one.submission_id for one in self.submissions]


class ChooseByRule:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __call__(self, batch: Batch, rule: Rule, *, up_to: SubmissionId | None = None) -> Chosen:
        """At most the 5,000 oldest that wait; none after `up_to`. Raises InvalidInput."""
        rule.check()
        chosen: list[Submission] = []
        known: dict[TaskId, Mapping[str, Consensus]] = {}
        looked_at = 0
        for submission in self._waiting(batch):
            if up_to is not None and submission.submission_id > up_to:
                break
            if looked_at == LOOKED_AT_MAX:
                return Chosen(tuple(chosen), looked_at, more=True)
            looked_at += 1
            if rule.hits(submission, self._majority(submission, rule, known)):
                chosen.append(submission)
        return Chosen(tuple(chosen), looked_at, more=False)

    def fields(self, batch: Batch) -> list[str]:
        """The answers' fields, as the oldest waiting answers have them, sorted."""
        sample = self._page(batch, None, _FIELDS_SAMPLE)
        return sorted({name for one in sample for name in joined(one.answer)})

    def _majority(
        self, submission: Submission, rule: Rule, known: dict[TaskId, Mapping[str, Consensus]]
    ) -> Mapping[str, Consensus]:
        if not rule.asks_the_majority:
            return {}
        if submission.task_id not in known:
            answers = self._reader.submissions.of_tasks(submission.task_id)
            known[submission.task_id] = majority(one.answer for one in answers if one.counts)
        return known[submission.task_id]

    def _waiting(self, batch: Batch) -> Iterator[Submission]:
        after: str | None = None
        while page := self._page(batch, after, _PAGE):
            yield from page
            after = page[-1].submission_id

    def _page(self, batch: Batch, after: str | None, count_max: int) -> list[Submission]:
        return self._reader.submissions.page(
            batch.batch_id,
            status=SubmissionStatus.SUBMITTED,
            after=after,
            count_max=count_max,
            held=False,
        )
