"""Answers that task-service took in close their leases: all those of one transaction together."""

from collections import defaultdict
from collections.abc import Mapping

import structlog
from crowdloom.contracts.task import SubmissionReceived
from crowdloom.kernel import PoisonMessage
from crowdloom.kernel.ids import AssignmentId, BatchId

from matching_service.application.ports import Session
from matching_service.domain.assignments import Assignment, AssignmentStatus

log = structlog.get_logger(__name__)


def take_answers(session: Session) -> None:
    """Run at the end of each transaction, and before whatever depends on what was answered: some
    writes for all of the answers instead of some for each.

    An answer counts even where its lease had been given up or had run out: task-service took it in
    before it heard of that, and confirms no end of it. Raises PoisonMessage.
    """
    events = {event.assignment_id: event for event in session.answered}
    session.answered.clear()
    if not events:
        return
    known = {one.assignment_id: one for one in session.assignments.of_ids(list(events))}
    missing = events.keys() - known.keys()
    if missing:
        raise PoisonMessage(f"{min(missing)} was never claimed here")
    fresh = {
        name: event
        for name, event in events.items()
        if known[name].status is not AssignmentStatus.SUBMITTED
    }
    session.assignments.submit({name: event.submitted_at for name, event in fresh.items()})
    for batch_id, seconds in _seconds_by_batch(fresh, known).items():
        session.batches.count_submitted(batch_id, seconds)
    for event in fresh.values():
        if known[event.assignment_id].confirmed:
            _tell_of_a_late_one(session, event)


def _seconds_by_batch(
    events: Mapping[AssignmentId, SubmissionReceived], known: Mapping[AssignmentId, Assignment]
) -> Mapping[BatchId, list[float]]:
    """How long each answer took from claim to submission."""
    seconds: defaultdict[BatchId, list[float]] = defaultdict(list)
    for name, event in events.items():
        took = event.submitted_at - known[name].claimed_at
        seconds[event.batch_id].append(took.total_seconds())
    return seconds


def _tell_of_a_late_one(session: Session, event: SubmissionReceived) -> None:
    """task-service makes this impossible; should it happen all the same, it must be seen."""
    closed = session.tasks.close_slot(event.task_id)
    log.error("submission_after_close", assignment_id=event.assignment_id, slot_closed=closed)
