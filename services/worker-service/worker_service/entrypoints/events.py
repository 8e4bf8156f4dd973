"""The events process: which events this service follows, and what it does by itself."""

from crowdloom.chassis.consumer import Handler
from crowdloom.chassis.wiring import events_process
from crowdloom.chassis.worker import EventsProcess, Job
from crowdloom.contracts import Event
from crowdloom.contracts.matching import (
    AssignmentClaimed,
    AssignmentExpired,
    AssignmentReturned,
    BatchProgressed,
)
from crowdloom.contracts.payment import RewardSettled
from crowdloom.contracts.task import (
    BatchCancelled,
    BatchCompleted,
    BatchGrown,
    BatchOpened,
    BatchPaused,
    BatchResumed,
    QualificationDefined,
    RequesterGranted,
    RequesterRevoked,
    SubmissionAccepted,
    SubmissionReceived,
    SubmissionRejected,
    SubmissionReturned,
    SubmissionScored,
    TalkAnswered,
    TasksReleased,
)

from worker_service.adapters.mongo_session import WorkerSession
from worker_service.application import measure_pay, measure_requesters
from worker_service.application.follow_batches import follow_batch
from worker_service.application.follow_qualifications import follow_qualification
from worker_service.application.follow_talk import follow_talk
from worker_service.application.follow_work import follow_work
from worker_service.bootstrap import Application
from worker_service.config import SERVICE

SUBSCRIPTIONS: dict[type[Event], Handler[WorkerSession]] = {
    BatchOpened: follow_batch,
    BatchGrown: follow_batch,
    BatchPaused: follow_batch,
    BatchResumed: follow_batch,
    BatchCancelled: follow_batch,
    BatchCompleted: follow_batch,
    TasksReleased: follow_batch,
    BatchProgressed: follow_batch,
    AssignmentClaimed: follow_work,
    AssignmentReturned: follow_work,
    AssignmentExpired: follow_work,
    SubmissionReceived: follow_work,
    SubmissionAccepted: follow_work,
    SubmissionRejected: follow_work,
    SubmissionReturned: follow_work,
    SubmissionScored: follow_work,
    RewardSettled: follow_work,
    QualificationDefined: follow_qualification,
    RequesterGranted: follow_qualification,
    RequesterRevoked: follow_qualification,
    TalkAnswered: follow_talk,
}
MEASURE_PAY_SECONDS = 2.0


def jobs_of(application: Application) -> list[Job]:
    return [
        Job(
            "measure_pay",
            MEASURE_PAY_SECONDS,
            application.measure_pay,
            again_from=measure_pay.ITEMS_MAX,
        ),
        Job(
            "measure_requesters",
            MEASURE_PAY_SECONDS,
            application.measure_requesters,
            again_from=measure_requesters.ITEMS_MAX,
        ),
        Job("keep_qualifications", MEASURE_PAY_SECONDS, application.keep_qualifications),
    ]


def make_events_process(application: Application) -> EventsProcess:
    """Relay, consumer and jobs of this service."""
    return events_process(
        service=SERVICE,
        common=application.settings.common,
        store=application.store,
        clock=application.clock,
        ids=application.ids,
        subscriptions=SUBSCRIPTIONS,
        jobs=jobs_of(application),
    )
