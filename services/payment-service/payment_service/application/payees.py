"""Where a worker's money goes: an account at the processor that its owner sets up there."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock
from crowdloom.kernel.ids import WorkerId

from payment_service.application.ports import Session
from payment_service.application.processor import PaymentProcessor, ProcessorUnavailable
from payment_service.domain.iban import parse_iban
from payment_service.domain.payouts import ItemState, Rail
from payment_service.domain.people import (
    BankDetails,
    HolderMissing,
    Payee,
    PayoutUnderWay,
    RailNotOffered,
)

HOLDER_CHARACTERS_MAX = 70

_WATCHED_FOR = timedelta(minutes=30)
_WATCHED_MAX = 100
_NOT_SENT_YET = frozenset(
    {
        ItemState.PLANNED,
        ItemState.APPROVED,
        ItemState.RESERVED,
        ItemState.SENDING,
        ItemState.UNKNOWN,
        ItemState.FILED,
    }
)


class DetailsBox(Protocol):
    """Bank details at rest. Does not block."""

    def seal(self, *, holder: str, iban: str) -> BankDetails: ...

    def iban_of(self, details: BankDetails) -> str: ...

    def mark_of(self, *, holder: str, iban: str) -> str:
        """Stands for the details: the same for the same, and tells nothing of them."""
        ...


class OpenPayoutAccount:
    """Make the account at the processor where there is none, and a fresh link to its form. Whoever
    chose another rail before is paid by the processor from now on.
    """

    def __init__(
        self, store: Store[Session], processor: PaymentProcessor, *, clock: Clock, public_url: str
    ) -> None:
        self._store = store
        self._processor = processor
        self._clock = clock
        self._public_url = public_url

    def __call__(self, worker_id: WorkerId) -> tuple[Payee, str | None]:
        """Idempotent by worker. Returns the payee and the link.

        Raises ProcessorUnavailable, PayoutUnderWay.
        """
        payee = self._store.run(lambda session: kept(session, worker_id, self._clock.now()))
        account_id = processor_account(payee)
        if account_id is None or payee.rail is not Rail.STRIPE or payee.account_id is None:
            account_id = account_id or self._processor.open_recipient(worker_id)
            status = self._processor.recipient_status(account_id)
            payee = self._store.run(self._chosen(payee, account_id, status))
        if payee.status == "active":
            return payee, None
        link = self._processor.onboarding_link(
            account_id,
            back_url=f"{self._public_url}/pay/earnings?from=account",
            again_url=f"{self._public_url}/pay/earnings?from=expired",
        )
        return payee, link

    def _chosen(self, payee: Payee, account_id: str, status: str) -> Callable[[Session], Payee]:
        def work(session: Session) -> Payee:
            if payee.account_id is not None:
                refuse_while_under_way(session, payee.worker_id)
            chosen = replace(
                payee,
                account_id=account_id,
                processor_account_id=account_id,
                status=status,
                rail=Rail.STRIPE,
                bank=None,
                details_at=self._clock.now(),
            )
            session.payees.choose(chosen)
            return chosen

        return work


class ChooseRail:
    """Where a worker's money goes from now on; when the account became another one is noted."""

    def __init__(
        self, store: Store[Session], *, clock: Clock, box: DetailsBox, offered: Sequence[Rail]
    ) -> None:
        self._store = store
        self._clock = clock
        self._box = box
        self.offered = tuple(offered)

    def bank(self, worker_id: WorkerId, *, holder: str, iban: str) -> Payee:
        """Raises RailNotOffered, HolderMissing, WrongIban, PayoutUnderWay."""
        named = " ".join(holder.split())[:HOLDER_CHARACTERS_MAX]
        if not named:
            raise HolderMissing("Say whose account it is", errors={"holder": ["Say whose it is"]})
        number = parse_iban(iban)
        return self._choose(
            worker_id,
            Rail.BANK_FILE,
            account_id=self._box.mark_of(holder=named, iban=number),
            bank=self._box.seal(holder=named, iban=number),
        )

    def gift_credit(self, worker_id: WorkerId) -> Payee:
        """Raises RailNotOffered, PayoutUnderWay."""
        return self._choose(worker_id, Rail.GIFT_CREDIT, account_id=f"gift:{worker_id}", bank=None)

    def _choose(
        self, worker_id: WorkerId, rail: Rail, *, account_id: str, bank: BankDetails | None
    ) -> Payee:
        if rail not in self.offered:
            raise RailNotOffered("This market does not pay that way", rail=rail.value)
        now = self._clock.now()

        def work(session: Session) -> Payee:
            before = kept(session, worker_id, now)
            if before.account_id == account_id and before.status == "active":
                return before
            refuse_while_under_way(session, worker_id)
            chosen = replace(
                before,
                account_id=account_id,
                status="active",
                rail=rail,
                bank=bank,
                details_at=now,
                processor_account_id=processor_account(before),
            )
            session.payees.choose(chosen)
            return chosen

        return self._store.run(work)


def processor_account(payee: Payee) -> str | None:
    """The account at the processor that a payee has or had."""
    current = payee.account_id if payee.rail is Rail.STRIPE else None
    return payee.processor_account_id or current


def kept(session: Session, worker_id: WorkerId, now: datetime) -> Payee:
    """The payee, made where there is none; its owner is here now."""
    known = session.payees.get(worker_id)
    if known is not None:
        session.payees.touch(worker_id, now)
        return replace(known, asked_at=now)
    made = Payee(worker_id, account_id=None, status="pending", asked_at=now)
    session.payees.add(made)
    return made


def refuse_while_under_way(session: Session, worker_id: WorkerId) -> None:
    """What was approved is sent where the approvers saw it go. Raises PayoutUnderWay."""
    newest = session.payout_runs.items_of_worker(worker_id, 1)
    if newest and newest[0].state in _NOT_SENT_YET:
        raise PayoutUnderWay("A payout is being made: change your account when it was sent")


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
        if payee.account_id is None or payee.rail is not Rail.STRIPE:
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
