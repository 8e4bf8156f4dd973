"""A worker asks for what is payable."""

import hashlib
from collections.abc import Collection, Mapping

from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, Currency, IdFactory, Money
from crowdloom.kernel.ids import PREFIXES, WorkerId

from payment_service.application.payees import RefreshPayees
from payment_service.application.ports import Session
from payment_service.domain import chart
from payment_service.domain.deductions import PayoutRules
from payment_service.domain.payouts import Rail
from payment_service.domain.people import (
    NothingPayable,
    Payee,
    PayoutAccountMissing,
    PayoutAccountNotReady,
    PayoutRequest,
)

_KEY_CHARACTERS = 26


class AskForPayout:
    """One request a worker at a time: asking again returns the one that is under way.

    A caller's key is part of the request's id, so that a repeated call is known for good.
    """

    def __init__(
        self,
        store: Store[Session],
        *,
        refresh_payees: RefreshPayees,
        clock: Clock,
        ids: IdFactory,
        minimum: Money,
        rules: PayoutRules,
    ) -> None:
        self._store = store
        self._refresh_payees = refresh_payees
        self._clock = clock
        self._ids = ids
        self._minimum = minimum
        self._rules = rules

    def __call__(self, worker_id: WorkerId, *, key: str | None = None) -> PayoutRequest:
        """Raises PayoutAccountMissing, PayoutAccountNotReady, NothingPayable."""
        payee = self._store.run(lambda session: session.payees.get(worker_id))
        if payee is None or payee.account_id is None:
            raise PayoutAccountMissing("Set up a payout account first: it says where to send it")
        status = payee.status
        if status != "active":
            status = self._refresh_payees.refresh_now(payee)
        request_id = _id_of(worker_id, key) if key else self._ids.new("request")

        def work(session: Session) -> PayoutRequest:
            under_way = session.payout_requests.get(request_id) or session.payout_requests.open_one(
                worker_id
            )
            if under_way is not None:
                return under_way
            if status != "active":
                raise _not_ready(payee, status)
            amount = payable_of(session, worker_id, self._minimum.currency)
            if amount < self._minimum:
                raise NothingPayable(
                    "The smallest payout is %(smallest)s",
                    smallest=self._minimum,
                    payable=amount.to_wire(),
                    minimum=self._minimum.to_wire(),
                )
            taken = self._rules.of(payee, amount, self._clock.now().date())
            if taken.arrives.minor < 1:
                raise NothingPayable(
                    "Of %(amount)s, %(fee)s fee and %(tax)s tax leave nothing to send",
                    amount=amount,
                    fee=taken.fee,
                    tax=taken.withheld,
                    payable=amount.to_wire(),
                    minimum=self._minimum.to_wire(),
                )
            asked = PayoutRequest(request_id, worker_id, amount, "open", self._clock.now())
            session.payout_requests.add(asked)
            return asked

        return self._store.run(work)


def _id_of(worker_id: WorkerId, key: str) -> str:
    digest = hashlib.sha256(f"{worker_id}\n{key}".encode()).hexdigest()
    return f"{PREFIXES['request']}_{digest[:_KEY_CHARACTERS]}"


def _not_ready(payee: Payee, status: str) -> PayoutAccountNotReady:
    if payee.rail is Rail.BANK_FILE:
        return PayoutAccountNotReady(
            "The bank sent the last payout back: give your bank details again, then ask again",
            status=status,
        )
    return PayoutAccountNotReady(
        "The payout account cannot receive money yet: open it, finish what it asks for, then ask "
        "again",
        status=status,
    )


def payable_of(session: Session, worker_id: WorkerId, currency: Currency) -> Money:
    """What a processor can move: floored to the minor unit; the rest stays payable."""
    return payable_of_many(session, {worker_id}, currency)[worker_id]


def payable_of_many(
    session: Session, worker_ids: Collection[WorkerId], currency: Currency
) -> Mapping[WorkerId, Money]:
    """The same of many workers with one question."""
    paths = {worker_id: chart.payable(worker_id, currency) for worker_id in worker_ids}
    held = session.ledger.balances(set(paths.values()))
    return {
        worker_id: Money(held[path], currency).floored_to_minor()
        for worker_id, path in paths.items()
    }
