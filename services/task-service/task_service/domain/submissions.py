"""Submissions: acknowledged answers and what was decided about them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from crowdloom.kernel.errors import InvalidInput
from crowdloom.kernel.ids import (
    AssignmentId,
    BatchId,
    Pseudonym,
    RequesterId,
    SubmissionId,
    TaskId,
)
from crowdloom.kernel.limits import ANSWER_BYTES_MAX, REASON_CHARACTERS_MAX

from task_service.domain.errors import AnswerTooLarge

Answer = tuple[tuple[str, str], ...]

SUBMIT_GRACE = timedelta(seconds=2)
"""How long after its deadline a lease's submission is still taken in: the network's share."""


class SubmissionStatus(StrEnum):
    """`returned` went back to its worker, who may submit another in its place. `closed` is no
    submission: it stands where the assignment was given back.
    """

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RETURNED = "returned"
    CLOSED = "closed"


COUNTING = (SubmissionStatus.SUBMITTED, SubmissionStatus.ACCEPTED)
"""The states in which an answer is one of the answers to its task, in the order they come in."""


class Choice(StrEnum):
    """What a requester decides about an answer."""

    ACCEPT = "accept"
    REJECT = "reject"
    RETURN = "return"


@dataclass(frozen=True)
class Held:
    """A decision that can still be undone: it is taken at `effective_at`, and until then neither
    the announced time nor anything else decides. `reason` is the worker's to read.
    """

    choice: Choice
    effective_at: datetime
    reason: str = ""
    reopen: bool = True


RETURNS_MAX = 2
"""How often one worker's answer to one task can be sent back: then it is accepted or rejected."""


@dataclass(frozen=True)
class Submission:
    """`reason` is what the worker reads: why it was rejected, or what to do again; then
    `rework_assignment_id` is the assignment under which it is done again. `overturned`: it was
    rejected for that reason first, and accepted after all. `known_right`: whether it is the known
    answer of its row; None where none was known.
    """

    submission_id: SubmissionId
    assignment_id: AssignmentId
    task_id: TaskId
    batch_id: BatchId
    requester_id: RequesterId
    pseudonym: Pseudonym
    answer: Answer
    status: SubmissionStatus
    claimed_at: datetime
    submitted_at: datetime
    auto_accept_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str | None = None
    slot_reopened: bool = False
    overturned: bool = False
    rework_assignment_id: AssignmentId | None = None
    held: Held | None = None
    known_right: bool | None = None

    @property
    def counts(self) -> bool:
        """Whether its answer is one of the answers to its task."""
        return self.status in COUNTING

    @property
    def seconds(self) -> float:
        """From claim to submission."""
        return (self.submitted_at - self.claimed_at).total_seconds()


def checked_draft(pairs: Sequence[Sequence[str]]) -> Answer:
    """Raises AnswerTooLarge. Order and repetitions are kept; it may be empty as yet."""
    answer = tuple((name, value) for name, value in pairs)
    size = sum(len(name.encode()) + len(value.encode()) for name, value in answer)
    if size > ANSWER_BYTES_MAX:
        raise AnswerTooLarge(
            "The answer is larger than %(limit)s; shorten it",
            limit=f"{ANSWER_BYTES_MAX // 1000} kB",
            bytes=size,
        )
    return answer


def checked_answer(pairs: Sequence[Sequence[str]]) -> Answer:
    """As a draft, but not empty. Raises AnswerTooLarge, InvalidInput."""
    answer = checked_draft(pairs)
    if not answer:
        raise InvalidInput("The answer is empty", errors={"answer": ["Fill in the task first."]})
    return answer


def fingerprint_of(answer: Answer) -> str:
    return hashlib.sha256(json.dumps(answer, ensure_ascii=False).encode()).hexdigest()


def checked_reason(reason: str) -> str:
    """Raises InvalidInput: a worker whose answer is rejected reads why."""
    return _checked_words(reason, "reason")


def checked_note(note: str) -> str:
    """Raises InvalidInput: a worker whose answer comes back reads what to do again."""
    return _checked_words(note, "note")


def _checked_words(text: str, field: str) -> str:
    kept = text.replace("\r\n", "\n").strip()  # as a field counts them, which sends them so
    if not 0 < len(kept) <= REASON_CHARACTERS_MAX:
        sentence = f"Give a {field} of 1 to {REASON_CHARACTERS_MAX} characters; the worker reads it"
        raise InvalidInput(sentence, errors={field: [f"{sentence}."]})
    return kept
