"""worker-service's reviewers decide appeals; an upheld one overturns the rejection."""

from crowdloom.contracts import Envelope
from crowdloom.contracts.worker import AppealDecided
from crowdloom.kernel import PoisonMessage

from task_service.application.overturn_rejection import BY_APPEAL, overturn_rejection
from task_service.application.ports import Session


def follow_appeal(envelope: Envelope, session: Session) -> None:
    """The event names the assignment and nobody. One that was accepted meanwhile stays as it is."""
    event = envelope.of(AppealDecided)
    if not event.upheld:
        return
    submission = session.submissions.of_assignment(event.assignment_id)
    if submission is None:
        raise PoisonMessage(f"{event.assignment_id} has no submission to overturn")
    overturn_rejection(session, submission, decided_by=BY_APPEAL, at=event.decided_at)
