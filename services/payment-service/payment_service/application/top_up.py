"""Paying in: a checkout at the processor. The wallet grows when the processor's books say so."""

import hashlib

from crowdloom.chassis.idempotency import IdempotencyKeyReused
from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, Currency, Money
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import RequesterId
from crowdloom.kernel.limits import TOP_UP_MINOR_MAX
from crowdloom.kernel.money import WrongCurrency

from payment_service.application.ports import Session
from payment_service.application.processor import PaymentProcessor
from payment_service.domain.people import AmountOutOfRange, TopUp

TOP_UP_MINOR_MIN = 50
_KEY_CHARACTERS = 26


class StartTopUp:
    """Idempotent by the caller's key: a call repeated after any crash returns the same checkout."""

    def __init__(
        self,
        store: Store[Session],
        processor: PaymentProcessor,
        *,
        currency: Currency,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._store = store
        self._processor = processor
        self._currency = currency
        self._clock = clock
        self._public_url = public_url

    def __call__(self, requester_id: RequesterId, amount: Money, *, key: str) -> TopUp:
        """Raises WrongCurrency, AmountOutOfRange, IdempotencyKeyReused, ProcessorUnavailable."""
        if amount.currency is not self._currency:
            raise WrongCurrency(
                "This market keeps its wallets in %(kept_in)s",
                kept_in=self._currency.code,
                currency=amount.currency.code,
            )
        _check(amount)
        digest = hashlib.sha256(f"{requester_id}\n{key}".encode()).hexdigest()
        wanted = TopUp(
            top_up_id=f"top_{digest[:_KEY_CHARACTERS]}",
            requester_id=requester_id,
            amount=amount,
            status="creating",
            created_at=self._clock.now(),
        )
        kept = self._store.run(lambda s: _kept(s, wanted))
        if kept.amount != amount:
            raise IdempotencyKeyReused("This Idempotency-Key was used with another amount")
        if kept.checkout_url is not None:
            return kept
        checkout = self._processor.start_checkout(
            kept.top_up_id,
            requester_id=requester_id,
            amount=amount,
            back_url=f"{self._public_url}/pay/top-ups/{kept.top_up_id}",
        )

        def remember(session: Session) -> TopUp:
            session.top_ups.set_checkout(kept.top_up_id, checkout.checkout_id, checkout.url)
            return _found(session.top_ups.get(kept.top_up_id))

        return self._store.run(remember)


def _check(amount: Money) -> None:
    minor, rest = divmod(amount.units, Money.of_minor(1, amount.currency).units)
    if rest or not TOP_UP_MINOR_MIN <= minor <= TOP_UP_MINOR_MAX:
        raise AmountOutOfRange(
            "A top-up is between %(lowest)s and %(highest)s, in whole minor units",
            lowest=Money.of_minor(TOP_UP_MINOR_MIN, amount.currency),
            highest=Money.of_minor(TOP_UP_MINOR_MAX, amount.currency),
            amount=amount.to_wire(),
        )


def _kept(session: Session, wanted: TopUp) -> TopUp:
    session.top_ups.add(wanted)
    return _found(session.top_ups.get(wanted.top_up_id))


def _found(top_up: TopUp | None) -> TopUp:
    if top_up is None:
        raise NotFound("There is no such top-up")
    return top_up
