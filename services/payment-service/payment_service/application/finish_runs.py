"""A run is over when none of its items has anything left to happen by itself."""

from crowdloom.kernel.ids import PayoutRunId

from payment_service.application.ports import Session
from payment_service.domain.payouts import OPEN_STATES, ItemState, RunStatus

_UNPAID = (ItemState.FAILED, ItemState.CANCELLED, ItemState.RETURNED)


def finish_run(session: Session, run_id: PayoutRunId) -> None:
    """Close the run if it is over: completed, or with exceptions where something was not paid."""
    counts = session.payout_runs.open_count(run_id)
    if any(counts.get(state) for state in OPEN_STATES):
        return
    unpaid = sum(counts.get(state, 0) for state in _UNPAID)
    status = RunStatus.COMPLETED_WITH_EXCEPTIONS if unpaid else RunStatus.COMPLETED
    session.payout_runs.set_status(run_id, status, session.now())
