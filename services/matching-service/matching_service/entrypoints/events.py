"""Which events matching-service follows, and what it does again and again."""

from datetime import datetime

from crowdloom.chassis.consumer import Handler
from crowdloom.chassis.wiring import events_process
from crowdloom.chassis.worker import EventsProcess, Job
from crowdloom.contracts import Event
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

from matching_service.adapters.mongo_session import MatchingSession
from matching_service.application import follow_batches as follow
from matching_service.bootstrap import Application
from matching_service.config import SERVICE

SUBSCRIPTIONS: dict[type[Event], Handler[MatchingSession]] = {
    BatchOpened: follow.batch_opened,
    BatchGrown: follow.batch_grown,
    TasksReleased: follow.tasks_released,
    TasksMarked: follow.tasks_marked,
    BatchPaused: follow.batch_paused,
    BatchResumed: follow.batch_resumed,
    BatchAudienceChanged: follow.batch_audience_changed,
    BatchCancelled: follow.batch_cancelled,
    BatchCompleted: follow.batch_completed,
    SubmissionReceived: follow.submission_received,
    SubmissionAccepted: follow.submission_accepted,
    SubmissionRejected: follow.submission_rejected,
    SubmissionReturned: follow.submission_returned,
    SubmissionScored: follow.submission_scored,
    AssignmentClosed: follow.assignment_closed,
    WorkerRegistered: follow.worker_registered,
    ProfileChanged: follow.profile_changed,
    QualificationGranted: follow.qualification_granted,
    QualificationRevoked: follow.qualification_revoked,
    AccountClosed: follow.account_closed,
}


def watermark_advanced(
    session: MatchingSession, _topic: str, partition: int, as_of: datetime
) -> None:
    session.watermarks.advance(partition, as_of)


def make_events_process(application: Application) -> EventsProcess:
    return events_process(
        service=SERVICE,
        common=application.settings.common,
        store=application.store,
        clock=application.clock,
        ids=application.ids,
        subscriptions=SUBSCRIPTIONS,
        on_watermark=watermark_advanced,
        jobs=[
            Job("expire_leases", 1.0, application.expire_leases),
            Job("count_progress", 2.0, application.count_progress, steady=True),
            Job("withdraw_slots", 2.0, application.withdraw_slots),
            Job("recount_answers", 300.0, application.recount_answers),
        ],
    )
