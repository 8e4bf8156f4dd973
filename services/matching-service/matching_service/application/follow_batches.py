"""Handlers of task-service's and worker-service's events: they converge under repetition."""

from crowdloom.contracts import Envelope
from crowdloom.contracts.task import (
    AssignmentClosed,
    BatchAudienceChanged,
    BatchCancelled,
    BatchCompleted,
    BatchGrown,
    BatchOpened,
    BatchPaused,
    BatchResumed,
    SubmissionAccepted,
    SubmissionReceived,
    SubmissionRejected,
    SubmissionReturned,
    SubmissionScored,
    TasksMarked,
    TasksReleased,
)
from crowdloom.contracts.worker import (
    AccountClosed,
    ProfileChanged,
    QualificationGranted,
    QualificationRevoked,
    WorkerRegistered,
)
from crowdloom.kernel import PoisonMessage

from matching_service.application.ports import Session, Verdict
from matching_service.application.translate import batch_of, claimed
from matching_service.domain import pools
from matching_service.domain.batches import BatchStatus
from matching_service.domain.requirements import Holding, Judged, WorkerProfile


def batch_opened(envelope: Envelope, session: Session) -> None:
    event = envelope.of(BatchOpened)
    session.batches.put(batch_of(event))


def tasks_released(envelope: Envelope, session: Session) -> None:
    event = envelope.of(TasksReleased)
    if event.added_redundancy:
        session.tasks.widen(event.task_ids, event.added_redundancy)
        return
    session.tasks.add(event.batch_id, event.chunk, event.task_ids, event.redundancy)
    session.batches.add_chunk(event.batch_id, event.chunk, len(event.task_ids))


def tasks_marked(envelope: Envelope, session: Session) -> None:
    """A task is marked once it was released, which its batch's events say in their order."""
    event = envelope.of(TasksMarked)
    if not event.known:
        session.tasks.unmark(event.task_ids)
        return
    new = session.tasks.unmarked(event.task_ids)
    before = session.batches.count_known(event.batch_id, len(new))
    session.tasks.mark(dict(pools.dealt_known(event.batch_id, before, new)))


def batch_grown(envelope: Envelope, session: Session) -> None:
    """More tasks, more answers each, a higher reward: shown from now on, claimed as released."""
    event = envelope.of(BatchGrown)
    session.batches.grow(
        event.batch_id,
        revision=event.revision,
        reward=event.reward,
        task_count=event.task_count,
        redundancy=event.redundancy,
    )


def batch_paused(envelope: Envelope, session: Session) -> None:
    event = envelope.of(BatchPaused)
    session.batches.note_pause(event.batch_id, envelope.event_id, paused=True)


def batch_resumed(envelope: Envelope, session: Session) -> None:
    event = envelope.of(BatchResumed)
    session.batches.note_pause(event.batch_id, envelope.event_id, paused=False)


def batch_audience_changed(envelope: Envelope, session: Session) -> None:
    event = envelope.of(BatchAudienceChanged)
    session.batches.note_excluded(
        event.batch_id, envelope.event_id, event.pseudonym, excluded=event.excluded
    )


def batch_cancelled(envelope: Envelope, session: Session) -> None:
    session.batches.note_over(envelope.of(BatchCancelled).batch_id, BatchStatus.CANCELLED)


def batch_completed(envelope: Envelope, session: Session) -> None:
    session.batches.note_over(envelope.of(BatchCompleted).batch_id, BatchStatus.COMPLETED)


def submission_received(envelope: Envelope, session: Session) -> None:
    """Close the lease: with all others of the transaction, at its end (see TakeAnswers)."""
    session.answered.append(envelope.of(SubmissionReceived))


def submission_accepted(envelope: Envelope, session: Session) -> None:
    event = envelope.of(SubmissionAccepted)
    if event.decided_by != "auto":
        # One that was rejected first was counted then.
        judged = Judged(accepted=1, count=0 if event.overturns else 1)
        session.verdicts.append(Verdict(event.assignment_id, event.batch_id, judged))


def submission_rejected(envelope: Envelope, session: Session) -> None:
    event = envelope.of(SubmissionRejected)
    judged = Judged(accepted=0, count=1)
    session.verdicts.append(Verdict(event.assignment_id, event.batch_id, judged))
    if event.slot_reopened:
        session.tasks.reopen(event.task_id)
        session.batches.count_reopened(event.batch_id)


def submission_scored(envelope: Envelope, session: Session) -> None:
    """A known answer judges like its requester, with nine others: of a single item nobody is to
    learn, by what it changes, that it was one.
    """
    event = envelope.of(SubmissionScored)
    judged = Judged(accepted=int(event.right), count=1)
    session.verdicts.append(Verdict(event.assignment_id, event.batch_id, judged, by_known=True))


def submission_returned(envelope: Envelope, session: Session) -> None:
    """Give the slot back to the same worker, under a new lease: nobody else ever sees it open."""
    event = envelope.of(SubmissionReturned)
    session.take_answers()
    earlier = session.assignments.get(event.assignment_id)
    batch = session.batches.get(event.batch_id)
    if earlier is None or batch is None:
        raise PoisonMessage(f"{event.assignment_id} was never claimed here")
    rework = earlier.reworked(
        event.rework_assignment_id,
        returned_at=event.returned_at,
        lease_seconds=batch.lease_seconds,
    )
    session.assignments.add_rework(rework)
    session.batches.count_reopened(event.batch_id)
    session.emit(claimed(rework))


def assignment_closed(envelope: Envelope, session: Session) -> None:
    event = envelope.of(AssignmentClosed)
    session.take_answers()
    if session.assignments.confirm_end(event.assignment_id):
        session.tasks.reopen(event.task_id)


def worker_registered(envelope: Envelope, session: Session) -> None:
    event = envelope.of(WorkerRegistered)
    session.workers.put(event.worker_id, WorkerProfile(frozenset(event.languages)))


def profile_changed(envelope: Envelope, session: Session) -> None:
    event = envelope.of(ProfileChanged)
    session.workers.put(event.worker_id, WorkerProfile(frozenset(event.languages)))


def qualification_granted(envelope: Envelope, session: Session) -> None:
    event = envelope.of(QualificationGranted)
    holding = Holding(
        held=True, told_at=event.granted_at, score=event.score, expires_at=event.expires_at
    )
    session.workers.learn(event.worker_id, event.qualification, holding)


def qualification_revoked(envelope: Envelope, session: Session) -> None:
    event = envelope.of(QualificationRevoked)
    holding = Holding(held=False, told_at=event.revoked_at)
    session.workers.learn(event.worker_id, event.qualification, holding)


def account_closed(envelope: Envelope, session: Session) -> None:
    """No new work; what is held runs out by itself, or is still submitted and paid. What is kept
    are the assignments, which others' books refer to, and the counts of known items among them.
    """
    worker_id = envelope.of(AccountClosed).worker_id
    session.workers.close(worker_id)
    session.asks.forget(worker_id)
