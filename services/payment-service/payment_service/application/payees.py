"""Where a worker's money goes: an account at the processor that its owner sets up there."""

from collections.abc import Callable
from datetime import timedelta

from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock
from crowdloom.kernel.ids import WorkerId

from payment_service.application.ports import Session
from payment_service.application.processor import PaymentProcessor, ProcessorUnavailable
from payment_service.domain.people import Payee

_WATCHED_FOR = timedelta(minutes=30)
_WATCHED_MAX = 100


class OpenPayoutAccount:
    """Make the account where there is none, and a fresh link to the processor's form."""

    def __init__(
        self, store: Store[Session], processor: PaymentProcessor, *, clock: Clock, public_url: str
    ) -> None:
        self._store = store
        self._processor = processor
        self._clock = clock
        self._public_url = public_url

    def __call__(self, worker_id: WorkerId) -> tuple[Payee, str | None]:
        """Idempotent by worker. Returns the payee and the link. Raises ProcessorUnavailable."""
        payee = self._store.run(self._kept(worker_id))
        if payee.account_id is None:
            account_id = self._processor.open_recipient(worker_id)
            self._store.run(lambda s: s.payees.set_account(worker_id, account_id))
        else:
            account_id = payee.account_id
        if payee.status == "active":
            return payee, None
        link = self._processor.onboarding_link(
            account_id,
            back_url=f"{self._public_url}/pay/earnings?from=account",
            again_url=f"{self._public_url}/pay/earnings?from=expired",
        )
        return payee, link

    def _kept(self, worker_id: WorkerId) -> Callable[[Session], Payee]:
        def work(session: Session) -> Payee:
            found = session.payees.get(worker_id)
            now = self._clock.now()
            if found is None:
                found = Payee(worker_id, account_id=None, status="pending", asked_at=now)
                session.payees.add(found)
            else:
                session.payees.touch(worker_id, now)
            return found

        return work


class RefreshPayees:
    """Ask the processor how far the accounts are whose owners were here lately."""

    def __init__(self, store: Store[Session], processor: PaymentProcessor, clock: Clock) -> None:
        self._store = store
        self._processor = processor
        self._clock = clock

    def __call__(self) -> int:
        since = self._clock.now() - _WATCHED_FOR
        watched = self._store.run(lambda s: s.payees.pending_since(since, _WATCHED_MAX))
        return sum(self.refresh(payee) != payee.status for payee in watched)

    def refresh(self, payee: Payee) -> str:
        """Returns the status as it is now. Raises ProcessorUnavailable."""
        if payee.account_id is None:
            return payee.status
        status = self._processor.recipient_status(payee.account_id)
        if status != payee.status:
            now = self._clock.now()
            self._store.run(lambda s: s.payees.set_status(payee.worker_id, status, now))
        return status

    def refresh_now(self, payee: Payee) -> str:
        """For somebody who just came back from the processor's form: one short look."""
        try:
            return self.refresh(payee)
        except ProcessorUnavailable:
            return payee.status
