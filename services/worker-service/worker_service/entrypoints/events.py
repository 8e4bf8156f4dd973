"""The events process: which events this service follows, and what it does by itself."""

from typing import Any

from crowdloom.chassis.consumer import ConsumerLoop, topics_of
from crowdloom.chassis.kafka_bus import KafkaBusConsumer, KafkaBusProducer
from crowdloom.chassis.relay import Relay
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
    BatchOpened,
    BatchPaused,
    BatchResumed,
    SubmissionAccepted,
    SubmissionReceived,
    SubmissionRejected,
    TasksReleased,
)
from crowdloom.kernel import TimeOrderedIds

from worker_service.application.follow_batches import follow_batch
from worker_service.application.follow_work import follow_work
from worker_service.bootstrap import Application
from worker_service.config import SERVICE

SUBSCRIPTIONS: dict[type[Event], Any] = {
    BatchOpened: follow_batch,
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
    RewardSettled: follow_work,
}
MEASURE_PAY_SECONDS = 2.0


def jobs_of(application: Application) -> list[Job]:
    return [Job("measure_pay", MEASURE_PAY_SECONDS, application.measure_pay)]


def run_events(application: Application) -> int:
    """Relay, consume and measure until told to stop; returns the exit code."""
    common = application.settings.common
    producer = KafkaBusProducer(
        common.kafka_bootstrap, replication=application.settings.kafka_replication
    )
    relay = Relay(
        database=application.database,
        producer=producer,
        topics=application.topics,
        clock=application.clock,
        ids=TimeOrderedIds(application.clock),
        duplicate_every=common.chaos_duplicate_every,
    )
    consumer = ConsumerLoop(
        consumer=KafkaBusConsumer(
            common.kafka_bootstrap, group=SERVICE, topics=topics_of(SUBSCRIPTIONS)
        ),
        store=application.store,
        subscriptions=SUBSCRIPTIONS,
        dead_letters=application.dead_letters,
    )
    process = EventsProcess(
        service=SERVICE,
        database=application.database,
        clock=application.clock,
        relay=relay,
        consumer=consumer,
        jobs=jobs_of(application),
    )
    return process.run()
