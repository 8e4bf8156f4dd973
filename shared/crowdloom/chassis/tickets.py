"""Tickets: the signed capability to load and answer one assignment.

matching-service signs one at each claim; task-service needs nothing else to take the work in, so a
submission never depends on another service being up. A ticket names the pairwise pseudonym, never
the worker.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crowdloom.chassis.tokens import InvalidToken, TokenSigner, TokenVerifier
from crowdloom.kernel.ids import AssignmentId, BatchId, Pseudonym, TaskId
from crowdloom.kernel.limits import AUTO_ACCEPT_SECONDS_MAX

# As long as an answer can wait for its decision, with two weeks for an appeal.
_READABLE_AFTER_DEADLINE = timedelta(seconds=AUTO_ACCEPT_SECONDS_MAX) + timedelta(days=14)


@dataclass(frozen=True)
class Ticket:
    """`deadline` is when the lease ends; the ticket can be read for weeks longer, so that late work
    can still be kept as a draft, and an answer be looked at while it is decided or appealed.
    """

    assignment_id: AssignmentId
    task_id: TaskId
    batch_id: BatchId
    pseudonym: Pseudonym
    claimed_at: datetime
    deadline: datetime


class TicketSigner:
    def __init__(self, signer: TokenSigner) -> None:
        self._signer = signer

    def sign(self, ticket: Ticket) -> str:
        claims = {
            "sub": ticket.pseudonym,
            "asg": ticket.assignment_id,
            "tsk": ticket.task_id,
            "bat": ticket.batch_id,
            "clm": int(ticket.claimed_at.timestamp() * 1000),
            "ddl": int(ticket.deadline.timestamp() * 1000),
        }
        return self._signer.sign(claims, expires_at=ticket.deadline + _READABLE_AFTER_DEADLINE)


class TicketReader:
    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    def read(self, token: str) -> Ticket:
        """Raises InvalidToken. Whether the lease still runs is for the caller to judge."""
        claims = self._verifier.verify(token)
        try:
            return Ticket(
                assignment_id=claims["asg"],
                task_id=claims["tsk"],
                batch_id=claims["bat"],
                pseudonym=claims["sub"],
                claimed_at=datetime.fromtimestamp(claims["clm"] / 1000, UTC),
                deadline=datetime.fromtimestamp(claims["ddl"] / 1000, UTC),
            )
        except KeyError as error:
            raise InvalidToken("The token is not a ticket") from error


PREVIEW_LIFETIME = timedelta(minutes=10)


class PreviewSigner:
    """Permissions to look at items of one batch for a few minutes. They name nobody."""

    def __init__(self, signer: TokenSigner) -> None:
        self._signer = signer

    def sign(self, batch_id: BatchId, *, now: datetime) -> str:
        return self._signer.sign({"bat": batch_id}, expires_at=now + PREVIEW_LIFETIME)


class PreviewReader:
    def __init__(self, verifier: TokenVerifier) -> None:
        self._verifier = verifier

    def check(self, token: str, batch_id: BatchId) -> None:
        """Raises InvalidToken where it is no permission to look at this batch."""
        if self._verifier.verify(token).get("bat") != batch_id:
            raise InvalidToken("This is a permission to look at another batch")
