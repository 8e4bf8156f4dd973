"""The events process: which events this service follows, and what it does by itself."""

from collections.abc import Callable

from crowdloom.chassis.consumer import Handler
from crowdloom.chassis.wiring import events_process
from crowdloom.chassis.worker import EventsProcess, Job
from crowdloom.contracts import Event
from crowdloom.contracts.matching import AssignmentClaimed, SlotsWithdrawn
from crowdloom.contracts.task import (
    BatchCompleted,
    BatchFundingRequested,
    BatchTotals,
    BonusGranted,
    SubmissionAccepted,
    SubmissionReceived,
    SubmissionRejected,
    SubmissionReturned,
)
from crowdloom.kernel import TransientError

from payment_service.adapters.mongo_session import PaymentSession
from payment_service.application.compare_totals import note_totals
from payment_service.application.fund_batch import fund_batch
from payment_service.application.pay_bonuses import bonus_granted
from payment_service.application.processor import ProcessorUnavailable
from payment_service.application.release_funds import (
    close_batch,
    release_withdrawn_slots,
)
from payment_service.application.settle_submissions import (
    note_accepted,
    note_claim,
    note_received,
    note_rejected,
    note_returned,
)
from payment_service.bootstrap import Application
from payment_service.config import SERVICE

SUBSCRIPTIONS: dict[type[Event], Handler[PaymentSession]] = {
    BatchFundingRequested: fund_batch,
    AssignmentClaimed: note_claim,
    SubmissionAccepted: note_accepted,
    SubmissionReceived: note_received,
    SubmissionReturned: note_returned,
    SubmissionRejected: note_rejected,
    SlotsWithdrawn: release_withdrawn_slots,
    BatchCompleted: close_batch,
    BonusGranted: bonus_granted,
    BatchTotals: note_totals,
}
POLL_SECONDS = 1.0
EXECUTE_SECONDS = 1.0
SWEEP_SECONDS = 5.0
AGE_SECONDS = 60.0


def jobs_of(application: Application) -> list[Job]:
    return [
        Job("execute_payouts", EXECUTE_SECONDS, application.execute_payouts),
        Job("execute_refunds", EXECUTE_SECONDS, application.execute_refunds),
        Job("issue_invoices", AGE_SECONDS, application.issue_invoices),
        Job("tell_vat", AGE_SECONDS, application.tell_vat),
        Job("poll_processor", POLL_SECONDS, _asking_again(application.poll_processor)),
        Job("reconcile", EXECUTE_SECONDS, application.reconcile),
        Job("schedule_reconciliation", AGE_SECONDS, application.schedule_reconciliation),
        Job("settle_waiting", SWEEP_SECONDS, application.settle_waiting, steady=True),
        Job("pay_waiting_bonuses", SWEEP_SECONDS, application.pay_waiting_bonuses),
        Job("book_bank_lines", SWEEP_SECONDS, application.import_statements.book_waiting),
        Job("seal_journal", SWEEP_SECONDS, application.seal_journal),
        Job("mature_rewards", SWEEP_SECONDS, application.mature_rewards),
        Job("derive_balances", SWEEP_SECONDS, application.derive_balances),
        Job("compare_totals", AGE_SECONDS, application.compare_totals),
        Job("age_exceptions", AGE_SECONDS, application.age_exceptions),
        Job("watch_invariants", AGE_SECONDS, application.watch_invariants),
    ]


def _asking_again(job: Callable[[], int | None]) -> Callable[[], int | None]:
    """A question that the processor did not answer is asked again later."""

    def run() -> int | None:
        try:
            return job()
        except ProcessorUnavailable as error:
            raise TransientError(str(error)) from error

    return run


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
