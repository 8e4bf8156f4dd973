"""The kill switch of payouts: one setting for all processes, in the database."""

from datetime import datetime

from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock
from crowdloom.kernel.ids import StaffId

from payment_service.application.ports import Session
from payment_service.domain.approvals import stated
from payment_service.domain.payouts import PayoutSwitch

BY_ITSELF = "system"
_KEY = "payouts_stopped"


class SwitchPayouts:
    """For a controller alone. Both directions are noted in the audit log."""

    def __init__(self, store: Store[Session], *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def __call__(self, who: StaffId, *, stopped: bool, reason: str) -> PayoutSwitch:
        """Stop all payouts, or let them go on. Idempotent. Raises ReasonMissing, InvalidInput."""
        reason = stated(reason)

        def work(session: Session) -> PayoutSwitch:
            before = session.payout_runs.switch()
            if before.stopped is stopped:
                return before
            code = "stopped_by_hand" if stopped else ""
            switch = PayoutSwitch(stopped, code, reason, who, self._clock.now())
            session.payout_runs.set_switch(switch)
            session.exceptions.resolve(_KEY, resolution="started_again")
            session.audit.note(
                who=who,
                what="payouts.stop" if stopped else "payouts.start",
                subject="payouts",
                reason=switch.reason,
                before={"stopped": before.stopped, "code": before.code},
                after={"stopped": switch.stopped, "code": switch.code},
            )
            return switch

        return self._store.run(work)

    def show(self) -> PayoutSwitch:
        return self._store.run(lambda session: session.payout_runs.switch())


def stop_by_itself(session: Session, *, code: str, reason: str, at: datetime) -> None:
    """Something is wrong that would be wrong for every payout: a person starts them again."""
    if session.payout_runs.switch().stopped:
        return
    session.payout_runs.set_switch(
        PayoutSwitch(stopped=True, code=code, reason=reason, by=BY_ITSELF, at=at)
    )
    session.exceptions.open(
        key=_KEY, kind=_KEY, subject="payouts", facts={"code": code, "reason": reason}
    )
    session.audit.note(
        who=BY_ITSELF, what="payouts.stop", subject="payouts", reason=reason, code=code
    )
