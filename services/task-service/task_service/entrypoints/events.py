"""Which events task-service follows, and what it does again and again."""

from crowdloom.chassis.consumer import Handler
from crowdloom.chassis.relay import Watermark
from crowdloom.chassis.wiring import events_process
from crowdloom.chassis.worker import EventsProcess, Job
from crowdloom.contracts import Event
from crowdloom.contracts.matching import BatchProgressed, SlotsWithdrawn, TicketRevoked
from crowdloom.contracts.payment import (
    BatchFunded,
    BatchFundingDeclined,
    BonusDeclined,
    BonusSettled,
    VatSet,
)
from crowdloom.contracts.task import LogAdvanced
from crowdloom.contracts.task.batches import TOPIC
from crowdloom.contracts.worker import AppealDecided, LetterReported

from task_service.adapters.mongo_session import TaskSession
from task_service.application.follow_appeals import follow_appeal
from task_service.application.follow_events import FollowEvents
from task_service.application.judge_letters import follow_letter
from task_service.application.webhooks import TOLD_OF
from task_service.bootstrap import Application
from task_service.config import SERVICE

# None of these topics names a worker: what a worker's id is, this service never learns.
SUBSCRIPTIONS = {
    BatchFunded: FollowEvents.batch_funded,
    BatchFundingDeclined: FollowEvents.funding_declined,
    BonusSettled: FollowEvents.bonus_settled,
    BonusDeclined: FollowEvents.bonus_declined,
    VatSet: FollowEvents.vat_set,
    BatchProgressed: FollowEvents.batch_progressed,
    SlotsWithdrawn: FollowEvents.slots_withdrawn,
    TicketRevoked: FollowEvents.ticket_revoked,
}

WATERMARK = Watermark(TOPIC, lambda as_of: LogAdvanced(as_of=as_of))


def handlers(follow: FollowEvents) -> dict[type[Event], Handler[TaskSession]]:
    known = {cls: getattr(follow, method.__name__) for cls, method in SUBSCRIPTIONS.items()}
    return {**known, AppealDecided: follow_appeal, LetterReported: follow_letter}


def make_events_process(application: Application) -> EventsProcess:
    return events_process(
        service=SERVICE,
        common=application.settings.common,
        store=application.store,
        clock=application.clock,
        ids=application.ids,
        subscriptions={
            **handlers(application.follow),
            **dict.fromkeys(TOLD_OF, application.tell_webhooks),
        },
        watermark=WATERMARK,
        jobs=[
            Job("join_additions", 1.0, application.join_additions),
            Job("release_tasks", 0.5, application.release_tasks),
            Job("take_held_decisions", 1.0, application.hold_decisions),
            Job("accept_what_is_due", 2.0, application.review.accept_what_is_due),
            Job("deliver_webhooks", 1.0, application.deliver_webhooks),
            Job("complete_batches", 3.0, application.complete_batches),
            Job("recount_answers", 300.0, application.recount_answers),
            Job("split_later", 1.0, application.split_later, apart=True),
            Job("merge_later", 1.0, application.merge_later, apart=True),
            Job("clean_unused_files", 600.0, application.clean_unused_files),
            Job("tell_totals", 10.0, application.tell_totals),
        ],
    )
