"""The only place that knows the domain and the events."""

from datetime import datetime

from crowdloom.contracts.matching import AssignmentClaimed, AssignmentExpired, AssignmentReturned
from crowdloom.contracts.payment import RewardSettled
from crowdloom.contracts.task import (
    BatchGrown,
    BatchOpened,
    SubmissionAccepted,
    SubmissionReceived,
    SubmissionRejected,
    SubmissionReturned,
    SubmissionScored,
)
from crowdloom.contracts.worker import (
    AccountClosed,
    AppealDecided,
    AppealOpened,
    ProfileChanged,
    WorkerRegistered,
)
from crowdloom.kernel.ids import WorkerId

from worker_service.application.ports import ItemFacts
from worker_service.domain.appeals import Appeal, AppealStatus
from worker_service.domain.batches import BatchTerms, Growth
from worker_service.domain.work_items import Status
from worker_service.domain.workers import Worker

ItemEvent = (
    AssignmentClaimed
    | AssignmentReturned
    | AssignmentExpired
    | SubmissionReceived
    | SubmissionAccepted
    | SubmissionRejected
    | SubmissionReturned
    | SubmissionScored
    | RewardSettled
)


def registered(worker: Worker) -> WorkerRegistered:
    return WorkerRegistered(
        worker_id=worker.worker_id,
        registered_at=worker.registered_at,
        languages=worker.languages,
    )


def profile_changed(worker: Worker, changed_at: datetime) -> ProfileChanged:
    return ProfileChanged(
        worker_id=worker.worker_id, changed_at=changed_at, languages=worker.languages
    )


def appeal_opened(appeal: Appeal) -> AppealOpened:
    return AppealOpened(
        assignment_id=appeal.assignment_id,
        batch_id=appeal.batch_id,
        opened_at=appeal.opened_at,
        decide_by=appeal.decide_by,
    )


def appeal_decided(appeal: Appeal) -> AppealDecided:
    if appeal.decided_at is None or appeal.reason is None:
        raise ValueError(f"the appeal of {appeal.assignment_id} is not decided")
    return AppealDecided(
        assignment_id=appeal.assignment_id,
        batch_id=appeal.batch_id,
        upheld=appeal.status is AppealStatus.UPHELD,
        reason=appeal.reason,
        decided_at=appeal.decided_at,
    )


def account_closed(worker_id: WorkerId, closed_at: datetime) -> AccountClosed:
    return AccountClosed(worker_id=worker_id, closed_at=closed_at)


def terms_of(event: BatchOpened) -> BatchTerms:
    return BatchTerms(
        project_id=event.project_id,
        requester_id=event.requester_id,
        requester_name=event.requester_name,
        title=event.title,
        description=event.description,
        reward=event.reward,
        task_count=event.task_count,
        redundancy=event.redundancy,
        lease_seconds=event.lease_seconds,
        auto_accept_seconds=event.auto_accept_seconds,
        opened_at=event.opened_at,
        language=event.language,
        qualifications=event.qualifications,
        languages=event.requirements.languages if event.requirements else (),
    )


def growth_of(event: BatchGrown) -> Growth:
    return Growth(event.revision, event.reward, event.task_count, event.redundancy)


def facts_of(event: ItemEvent) -> ItemFacts:
    """What an event about one assignment adds to its work item."""
    status, facts = _status_and_facts(event)
    return ItemFacts(event.assignment_id, event.batch_id, status, facts)


def rework_of(event: SubmissionReturned) -> ItemFacts:
    """What is known of the item under which the work is done again, before its claim is heard of.

    Nothing is claimed by it: the lowest stage leaves room for whatever else is told.
    """
    return ItemFacts(
        event.rework_assignment_id, event.batch_id, Status.CLAIMED, {"note": event.note}
    )


def _status_and_facts(event: ItemEvent) -> tuple[Status, dict[str, object]]:
    match event:
        case AssignmentClaimed():
            return Status.CLAIMED, {
                "worker_id": event.worker_id,
                "claimed_at": event.claimed_at,
                "deadline": event.deadline,
            }
        case AssignmentReturned():
            return Status.RETURNED, {
                "worker_id": event.worker_id,
                "closed_at": event.returned_at,
            }
        case AssignmentExpired():
            return Status.EXPIRED, {"worker_id": event.worker_id, "closed_at": event.expired_at}
        case _:
            return _of_submission(event)


def _of_submission(
    event: SubmissionReceived
    | SubmissionAccepted
    | SubmissionRejected
    | SubmissionReturned
    | SubmissionScored
    | RewardSettled,
) -> tuple[Status, dict[str, object]]:
    match event:
        case SubmissionReceived():
            return Status.SUBMITTED, {
                "submitted_at": event.submitted_at,
                "auto_accept_at": event.auto_accept_at,
                "held_ms": event.held_ms,
                "to_measure": True,
            }
        case SubmissionScored():
            return Status.SUBMITTED, {"known_right": event.right, "to_score": True}
        case SubmissionAccepted():
            return Status.ACCEPTED, {
                "decided_at": event.accepted_at,
                "to_judge": True,
                "to_count": True,
            }
        case SubmissionRejected():
            return Status.REJECTED, {
                "decided_at": event.rejected_at,
                "rejected_at": event.rejected_at,
                "reason": event.reason,
                "to_judge": True,
                "to_count": True,
            }
        case SubmissionReturned():
            return Status.SENT_BACK, {
                "decided_at": event.returned_at,
                "reason": event.note,
                "again_as": event.rework_assignment_id,
            }
        case RewardSettled():
            return Status.SETTLED, {
                "worker_id": event.worker_id,
                "settled_at": event.settled_at,
                "reward": event.reward.to_wire(),
            }
