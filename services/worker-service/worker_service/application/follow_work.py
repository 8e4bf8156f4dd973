"""Work items follow claims, submissions, decisions and pay."""

from crowdloom.contracts import Envelope
from crowdloom.contracts.matching import AssignmentClaimed, AssignmentExpired, AssignmentReturned
from crowdloom.contracts.payment import RewardSettled
from crowdloom.contracts.task import (
    SubmissionAccepted,
    SubmissionReceived,
    SubmissionRejected,
    SubmissionReturned,
    SubmissionScored,
)

from worker_service.application.ports import Session
from worker_service.application.translate import facts_of, rework_of

_EVENTS = (
    AssignmentClaimed,
    AssignmentReturned,
    AssignmentExpired,
    SubmissionReceived,
    SubmissionAccepted,
    SubmissionRejected,
    SubmissionReturned,
    SubmissionScored,
    RewardSettled,
)


def follow_work(envelope: Envelope, session: Session) -> None:
    """Add what one event says to its work item: one write, whatever came before."""
    event = envelope.event
    if not isinstance(event, _EVENTS):
        raise TypeError(f"{type(event).__name__} says nothing about an assignment")
    session.work_items.learn(facts_of(event))
    if isinstance(event, SubmissionReturned):
        session.work_items.learn(rework_of(event))
