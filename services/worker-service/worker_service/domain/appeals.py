"""Appeals: a worker contests a rejection, and a person who is neither side decides.

One appeal per assignment, and its decision is final. While it is open the rejection counts for
nothing in the worker's standing. Nobody is decided against by a clock: an appeal that waits past
its date stands first in the reviewers' list.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from crowdloom.kernel.errors import Conflict, InvalidInput
from crowdloom.kernel.ids import AssignmentId, BatchId, WorkerId
from crowdloom.kernel.limits import REASON_CHARACTERS_MAX

from worker_service.domain.work_items import Status, WorkItem

APPEAL_WINDOW = timedelta(days=7)
"""How long after the rejection it can be contested."""
DECIDE_WITHIN = timedelta(days=3)
MESSAGES_MAX = 20


class NotRejected(Conflict):
    """Only a rejection can be contested."""

    code = "not_rejected"


class TooLateToAppeal(Conflict):
    code = "too_late_to_appeal"


class WordsTooLong(InvalidInput):
    """More than REASON_CHARACTERS_MAX characters."""


class AppealOver(Conflict):
    """It is decided, or its thread is full."""

    code = "appeal_over"


class AppealStatus(StrEnum):
    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


class Side(StrEnum):
    WORKER = "worker"
    REVIEWER = "reviewer"


@dataclass(frozen=True)
class Message:
    side: Side
    text: str
    said_at: datetime


@dataclass(frozen=True)
class Appeal:
    """`rejection` is the requester's reason as it stood; `decided_by` a member of staff, whom the
    worker is not told.
    """

    assignment_id: AssignmentId
    batch_id: BatchId
    worker_id: WorkerId
    rejection: str
    opened_at: datetime
    decide_by: datetime
    messages: tuple[Message, ...]
    status: AppealStatus = AppealStatus.OPEN
    reason: str | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None

    @property
    def is_asked(self) -> bool:
        """Whether the reviewer spoke last, and the worker can still answer."""
        return self.status is AppealStatus.OPEN and self.messages[-1].side is Side.REVIEWER

    def with_message(self, side: Side, text: str, now: datetime) -> "Appeal":
        """Raises AppealOver, InvalidInput."""
        self._check_open()
        if len(self.messages) >= MESSAGES_MAX:
            raise AppealOver("The thread is full; it waits for its decision", count=MESSAGES_MAX)
        message = Message(side, checked_words(text, "message"), now)
        return replace(self, messages=(*self.messages, message))

    def with_decision(self, *, upheld: bool, reason: str, by: str, now: datetime) -> "Appeal":
        """Raises AppealOver, InvalidInput where the reason is missing."""
        self._check_open()
        return replace(
            self,
            status=AppealStatus.UPHELD if upheld else AppealStatus.DISMISSED,
            reason=checked_words(reason, "reason"),
            decided_at=now,
            decided_by=by,
        )

    def _check_open(self) -> None:
        if self.status is not AppealStatus.OPEN:
            raise AppealOver("The appeal is decided", decided_as=str(self.status))


@dataclass(frozen=True)
class Contest:
    """How a rejection can be, is, or was contested: `appeal` where there is one. `until` is the
    last moment to begin one, or the date of its decision; None where neither is to come.
    """

    appeal: Appeal | None
    until: datetime | None

    @property
    def may_begin(self) -> bool:
        return self.appeal is None and self.until is not None


def contest_of(item: WorkItem, appeal: Appeal | None, now: datetime) -> Contest | None:
    """None for what was never rejected."""
    if appeal is not None:
        is_open = appeal.status is AppealStatus.OPEN
        return Contest(appeal, appeal.decide_by if is_open else None)
    if item.status is not Status.REJECTED or item.decided_at is None:
        return None
    until = item.decided_at + APPEAL_WINDOW
    return Contest(None, until if now <= until else None)


def appeal_of(item: WorkItem, worker_id: WorkerId, *, statement: str, now: datetime) -> Appeal:
    """A new appeal. Raises NotRejected, TooLateToAppeal, InvalidInput."""
    if item.status is not Status.REJECTED or item.decided_at is None:
        raise NotRejected("The work is not rejected", status=item.status.word)
    if now > item.decided_at + APPEAL_WINDOW:
        raise TooLateToAppeal(
            "A rejection can be contested for %(days_max)s days",
            days_max=APPEAL_WINDOW.days,
        )
    return Appeal(
        assignment_id=item.assignment_id,
        batch_id=item.batch_id,
        worker_id=worker_id,
        rejection=item.reason or "",
        opened_at=now,
        decide_by=now + DECIDE_WITHIN,
        messages=(Message(Side.WORKER, checked_words(statement, "statement"), now),),
    )


def checked_words(text: str, field: str) -> str:
    """Raises InvalidInput naming the field."""
    words = text.replace("\r\n", "\n").strip()  # as a field counts them, which sends them so
    if not words:
        raise InvalidInput("Say why", errors={field: ["Say why."]})
    if len(words) > REASON_CHARACTERS_MAX:
        limit = f"At most {REASON_CHARACTERS_MAX} characters."
        raise WordsTooLong("The text is too long", errors={field: [limit]})
    return words
