"""Workers as a requester knows them: by pseudonym, from their answers and one's own notes."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from statistics import median_low

from crowdloom.kernel.errors import Conflict, InvalidInput
from crowdloom.kernel.ids import Pseudonym, RequesterId, TaskId

from task_service.domain.consensus import joined
from task_service.domain.submissions import Submission, SubmissionStatus

NOTE_CHARACTERS_MAX = 500


class TooManyStandings(Conflict):
    code = "too_many_standings"


class Standing(StrEnum):
    """`excluded` is given nothing new from then on; `listed` is on the requester's own list,
    for which a batch can be kept.
    """

    EXCLUDED = "excluded"
    LISTED = "listed"


@dataclass(frozen=True)
class WorkerNote:
    """`note` is the requester's own: no worker reads it."""

    requester_id: RequesterId
    pseudonym: Pseudonym
    standing: Standing
    note: str
    noted_at: datetime


@dataclass(frozen=True)
class WorkerFigures:
    """Of one worker's answers among those looked at. `agreement` is the share (0..1) of `compared`
    fields in which most of the others said the same; None where nobody else answered. `last_on` is
    a day and no instant: a worker is not to be known by the minute. `known` answers were to rows
    whose answer the requester knows, and `known_right` of them were right.
    """

    pseudonym: Pseudonym
    answers: int
    accepted: int
    rejected: int
    returned: int
    median_seconds: int
    last_on: date
    compared: int
    agreement: float | None
    known: int = 0
    known_right: int = 0

    @property
    def known_accuracy(self) -> float | None:
        """The right share of answers to rows whose answer is known."""
        return self.known_right / self.known if self.known else None

    @property
    def acceptance(self) -> float | None:
        """The accepted share of what was decided."""
        decided = self.accepted + self.rejected
        return self.accepted / decided if decided else None


def checked_worker_note(note: str) -> str:
    """Raises InvalidInput."""
    kept = note.replace("\r\n", "\n").strip()
    if len(kept) > NOTE_CHARACTERS_MAX:
        sentence = f"A note has at most {NOTE_CHARACTERS_MAX} characters"
        raise InvalidInput(sentence, errors={"note": [f"{sentence}."]})
    return kept


def figures_of(submissions: Sequence[Submission]) -> list[WorkerFigures]:
    """One a worker, whoever answered most first."""
    by_worker: dict[Pseudonym, list[_Read]] = defaultdict(list)
    votes: _Votes = defaultdict(Counter)
    for one in submissions:
        values = joined(one.answer) if one.counts else {}
        by_worker[one.pseudonym].append((one, values))
        for name, value in values.items():
            votes[one.task_id, name][value] += 1
    found = [_figures(name, theirs, votes) for name, theirs in by_worker.items()]
    return sorted(found, key=lambda one: (-one.answers, one.pseudonym))


_Read = tuple[Submission, Mapping[str, str]]
"""With the values of its fields; of one that does not count there are none."""
_Votes = dict[tuple[TaskId, str], Counter[str]]
"""How often each value of a task's field was given."""


def _figures(pseudonym: Pseudonym, theirs: Sequence[_Read], votes: _Votes) -> WorkerFigures:
    by_status = [one.status for one, _ in theirs]
    scored = [one.known_right for one, _ in theirs if one.known_right is not None]
    agreed = [
        same
        for one, values in theirs
        for name, value in values.items()
        if (same := _agrees(votes[one.task_id, name], value)) is not None
    ]
    return WorkerFigures(
        pseudonym=pseudonym,
        answers=len(theirs),
        accepted=by_status.count(SubmissionStatus.ACCEPTED),
        rejected=by_status.count(SubmissionStatus.REJECTED),
        returned=by_status.count(SubmissionStatus.RETURNED),
        median_seconds=max(1, round(median_low([one.seconds for one, _ in theirs]))),
        last_on=max(one.submitted_at for one, _ in theirs).date(),
        compared=len(agreed),
        agreement=sum(agreed) / len(agreed) if agreed else None,
        known=len(scored),
        known_right=sum(scored),
    )


def _agrees(votes: Mapping[str, int], value: str) -> bool | None:
    """Whether no other value was given by more of the others; None where there are no others."""
    others = {other: count - (other == value) for other, count in votes.items()}
    most = max(others.values())
    return others[value] == most if most else None
