"""Answers that task-service took in close their leases: all those of one transaction together."""

from collections import Counter, defaultdict
from collections.abc import Mapping

import structlog
from crowdloom.contracts.task import SubmissionReceived
from crowdloom.kernel import PoisonMessage
from crowdloom.kernel.ids import AssignmentId, BatchId, WorkerId

from matching_service.application.ports import Session
from matching_service.domain.assignments import Assignment, AssignmentStatus
from matching_service.domain.batches import Batch
from matching_service.domain.known_items import is_stopped
from matching_service.domain.requirements import KNOWN_TOLD_EVERY, Judged, summed

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
    were_newcomers = session.workers.count_answers([known[name].worker_id for name in fresh])
    newcomers = Counter(
        event.batch_id for event, new in zip(fresh.values(), were_newcomers, strict=True) if new
    )
    seconds = _seconds_by_batch(fresh, known)
    for batch_id, count in Counter(event.batch_id for event in fresh.values()).items():
        session.batches.count_submitted(
            batch_id, count, seconds.get(batch_id, []), from_newcomers=newcomers[batch_id]
        )
    for event in fresh.values():
        if known[event.assignment_id].confirmed:
            _tell_of_a_late_one(session, event)


def _seconds_by_batch(
    events: Mapping[AssignmentId, SubmissionReceived], known: Mapping[AssignmentId, Assignment]
) -> Mapping[BatchId, list[float]]:
    """How long each answer took from claim to submission, where that is the time of its work."""
    seconds: defaultdict[BatchId, list[float]] = defaultdict(list)
    for name, event in events.items():
        if known[name].is_timed:
            took = event.submitted_at - known[name].claimed_at
            seconds[event.batch_id].append(took.total_seconds())
    return seconds


def _tell_of_a_late_one(session: Session, event: SubmissionReceived) -> None:
    """task-service makes this impossible; should it happen all the same, it must be seen."""
    closed = session.tasks.close_slot(event.task_id)
    log.error("submission_after_close", assignment_id=event.assignment_id, slot_closed=closed)


def take_verdicts(session: Session) -> None:
    """Run at the end of each transaction: what requesters decided shows their workers' skill in
    tasks of that type. Where the announced time accepted, nobody judged.
    """
    verdicts = list(session.verdicts)
    session.verdicts.clear()
    if not verdicts:
        return
    names = sorted({one.assignment_id for one in verdicts})
    worker_of = {one.assignment_id: one.worker_id for one in session.assignments.of_ids(names)}
    found = {one: session.batches.get(one) for one in {each.batch_id for each in verdicts}}
    added: defaultdict[tuple[WorkerId, str], list[Judged]] = defaultdict(list)
    by_known: list[tuple[WorkerId, str, Judged]] = []
    for one in verdicts:
        batch, worker_id = found[one.batch_id], worker_of.get(one.assignment_id)
        if worker_id is None or batch is None:
            continue
        if one.by_known:
            _look_at_record(session, batch, worker_id, one.judged)
        if batch.task_type is None:
            continue
        if one.by_known:
            by_known.append((worker_id, batch.task_type, one.judged))
        else:
            added[worker_id, batch.task_type].append(one.judged)
    session.workers.judge({key: summed(some) for key, some in added.items()})
    session.workers.judge_by_known(by_known)


def _look_at_record(session: Session, batch: Batch, worker_id: WorkerId, judged: Judged) -> None:
    """By tens as well: what a single answer changes would tell that its item was known."""
    known = session.tallies.score(batch.project, worker_id, judged)
    if batch.choice_count is not None and known.count % KNOWN_TOLD_EVERY == 0:
        stopped = is_stopped(known, batch.choice_count)
        session.workers.stop(worker_id, batch.project, stopped=stopped)
