"""Project talk: one thread a batch, between pseudonyms and the requester, in plain text."""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from crowdloom.kernel.errors import Conflict, DomainError, InvalidInput
from crowdloom.kernel.ids import AssignmentId, BatchId, Pseudonym, RequesterId
from crowdloom.kernel.limits import REASON_CHARACTERS_MAX

MESSAGES_MAX = 1_000
"""In one thread."""
QUESTIONS_PER_WORKER_MAX = 10
QUESTIONS_WINDOW = timedelta(hours=1)
REPORTS_MAX = 50
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class ThreadFull(Conflict):
    code = "thread_full"


class TooManyMessages(DomainError):
    """One worker asked too much within the hour."""

    code = "too_many_messages"
    status = 429


class Side(StrEnum):
    WORKER = "worker"
    REQUESTER = "requester"


@dataclass(frozen=True)
class Report:
    """By a worker's pseudonym, or by the requester, who has none."""

    reporter: str
    reason: str


@dataclass(frozen=True)
class Message:
    """`number` is the row that a question is about; `answers` the message that this one answers.
    A hidden message keeps its words for those who judge it; `hidden_reason` is for everybody.
    """

    message_id: str
    batch_id: BatchId
    requester_id: RequesterId
    side: Side
    text: str
    said_at: datetime
    pseudonym: Pseudonym | None = None
    assignment_id: AssignmentId | None = None
    number: int | None = None
    answers: str | None = None
    pinned: bool = False
    reports: tuple[Report, ...] = ()
    hidden_at: datetime | None = None
    hidden_by: str | None = None
    hidden_reason: str = ""

    @property
    def is_hidden(self) -> bool:
        return self.hidden_at is not None

    def reported(self, report: Report) -> "Message":
        """Each reporter counts once."""
        others = tuple(one for one in self.reports if one.reporter != report.reporter)
        return replace(self, reports=(*others, report)[-REPORTS_MAX:])

    def hidden(self, at: datetime, *, by: str, reason: str) -> "Message":
        """A hidden message stands in no instructions."""
        return replace(self, hidden_at=at, hidden_by=by, hidden_reason=reason, pinned=False)

    def shown_again(self) -> "Message":
        """What was said against it before is dealt with."""
        return replace(self, hidden_at=None, hidden_by=None, hidden_reason="", reports=())


def checked_text(text: str, field: str = "text") -> str:
    """Raises InvalidInput naming the field. Of control characters line ends alone are kept, and of
    formatting ones those that scripts need: none that turns the order of letters round.
    """
    plain = "".join(letter for letter in text if _is_plain(letter)).strip()
    if not 0 < len(plain) <= REASON_CHARACTERS_MAX:
        sentence = f"1 to {REASON_CHARACTERS_MAX} characters."
        raise InvalidInput("Write a few words", errors={field: [sentence]})
    return plain


def _is_plain(letter: str) -> bool:
    return letter == "\n" or (unicodedata.category(letter) != "Cc" and letter not in _TURNING)
