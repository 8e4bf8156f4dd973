"""What a reviewer of an appeal looks at: the item, the answer, and what speaks for and against."""

from collections.abc import Mapping
from dataclasses import dataclass

from crowdloom.kernel.answer_keys import AnswerKey
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import AssignmentId

from task_service.application.ports import Reader
from task_service.domain.consensus import Consensus, majority
from task_service.domain.known_answers import answer_key, shown_inputs
from task_service.domain.submissions import Submission, SubmissionStatus


@dataclass(frozen=True)
class Evidence:
    """`others` is what most of the other answers to the item say, field by field; `known` is what
    its requester knows of it, empty where nothing is known.
    """

    submission: Submission
    inputs: Mapping[str, str]
    others: Mapping[str, Consensus]
    known: AnswerKey


class ShowEvidence:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __call__(self, assignment_id: AssignmentId) -> Evidence:
        """Raises NotFound where no answer was rejected: no other is anybody's to look into."""
        found = self._reader.submissions.of_assignment(assignment_id)
        if found is None or not _was_rejected(found):
            raise NotFound("No such answer was rejected", assignment_id=assignment_id)
        batch = self._reader.batches.get(found.batch_id)
        task = self._reader.tasks.get(found.task_id)
        if batch is None or task is None:
            raise NotFound("The item is not there any more", assignment_id=assignment_id)
        others = [
            one.answer
            for one in self._reader.submissions.of_tasks(found.task_id)
            if one.counts and one.pseudonym != found.pseudonym
        ]
        marks = self._reader.known_answers.get(batch.batch_id, task.number)
        return Evidence(
            found,
            shown_inputs(batch.columns, task.cells),
            majority(others),
            answer_key(batch.columns, task.cells, marks),
        )


def _was_rejected(submission: Submission) -> bool:
    return submission.overturned or submission.status is SubmissionStatus.REJECTED
