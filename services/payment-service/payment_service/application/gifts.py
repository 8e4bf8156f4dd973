"""Gift credit as a rail: issued inside the ledger, its code shown to the worker, redeemed once."""

from dataclasses import replace
from typing import Protocol

from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, Money
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import PayoutItemId, RequesterId, WorkerId

from payment_service.application.finish_runs import finish_run
from payment_service.application.ports import Session
from payment_service.application.translate import payout_paid
from payment_service.domain import flows
from payment_service.domain.gifts import (
    CODE_BITS,
    Gift,
    GiftCodeUnknown,
    GiftRedeemed,
    code_of,
    digest_of,
)
from payment_service.domain.payouts import ItemState, PayoutItem


class SecretBits(Protocol):
    """Cryptographic randomness. Does not block; never fails."""

    def getrandbits(self, count: int, /) -> int: ...


def issue_gift(session: Session, item: PayoutItem) -> None:
    """A rail that needs nobody else: the line is paid when its entry is posted."""
    now = session.now()
    paid = replace(item, state=ItemState.PAID, changed_at=now, next_try_at=None)
    if not session.payout_runs.change_item(paid, was={ItemState.RESERVED}):
        return
    session.ledger.post(flows.payout_as_gift(paid))
    session.gifts.add(Gift(item.item_id, item.worker_id, item.amount, now))
    session.payout_requests.set_status({item.request_id}, "paid", at=now)
    session.exceptions.resolve(f"payout_failed:{item.item_id}", resolution="paid")
    session.emit(payout_paid(paid, now))
    finish_run(session, item.run_id)


class GiftDesk:
    def __init__(self, store: Store[Session], *, clock: Clock, randomness: SecretBits) -> None:
        self._store = store
        self._clock = clock
        self._randomness = randomness

    def show_code(self, worker_id: WorkerId, item_id: PayoutItemId) -> tuple[Gift, str]:
        """A fresh code, told this once; the one before it is void.

        Raises NotFound, also for another worker's, and GiftRedeemed.
        """
        code = code_of(self._randomness.getrandbits(CODE_BITS))

        def work(session: Session) -> Gift:
            gift = session.gifts.get(item_id)
            if gift is None or gift.worker_id != worker_id:
                raise NotFound("There is no such credit")
            if gift.redeemed_at is not None:
                raise GiftRedeemed("The code has been redeemed")
            shown = replace(gift, digest=digest_of(code), shown_at=self._clock.now())
            session.gifts.replace(shown)
            return shown

        return self._store.run(work), code

    def redeem(self, requester_id: RequesterId, code: str) -> Money:
        """Into the requester's wallet. Idempotent for the same requester.

        Raises GiftCodeUnknown, also where somebody else redeemed it.
        """

        def work(session: Session) -> Money:
            gift = session.gifts.by_digest(digest_of(code))
            if gift is None or gift.redeemed_by not in (None, requester_id):
                raise GiftCodeUnknown(
                    "This code is not known, or has been used",
                    errors={"code": ["Not known, or used: compare it with what you were given"]},
                )
            if gift.redeemed_at is None:
                used = replace(gift, redeemed_by=requester_id, redeemed_at=self._clock.now())
                session.gifts.replace(used)
                session.ledger.post(flows.gift_redeem(used, requester_id))
            return gift.amount

        return self._store.run(work)
