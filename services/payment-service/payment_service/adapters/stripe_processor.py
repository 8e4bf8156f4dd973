"""The payment processor on Stripe (or on what speaks like it), with the real `stripe` package.

Two clients: a patient one for the events process, and a quick one for the few calls that a person
waits for. What is definite and what is not is decided here and nowhere else.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import stripe
import structlog
from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import PayoutRunId, RequesterId, WorkerId
from crowdloom.kernel.money import WrongCurrency
from stripe.params.v2.core import AccountCreateParams, AccountLinkCreateParams

from payment_service.adapters.token_bucket import TokenBucket
from payment_service.application.ports import Hint
from payment_service.application.processor import (
    Checkout,
    ForgedWebhook,
    NotSentYet,
    OutcomeUnknown,
    ProcessorUnavailable,
    TransferRefused,
    TurnedAway,
)
from payment_service.domain.memos import ConnectedPayout
from payment_service.domain.payouts import PayoutItem
from payment_service.domain.processor_lines import BalanceTransaction, ProcessorBalance, Transfer
from payment_service.domain.refunds import ChargeState, RefundPart

log = structlog.get_logger(__name__)

ResultT = TypeVar("ResultT")

TRANSFERS_PER_SECOND_MAX = 20
_CONNECT_SECONDS, _READ_SECONDS, _QUICK_READ_SECONDS = 3.05, 20.0, 5.0
_RETRIES, _QUICK_RETRIES = 2, 1
# OSError and OverflowError: a time beyond the calendar.
_NO_EVENT = (AttributeError, KeyError, OSError, OverflowError, TypeError, ValueError)
_PAGE_ITEMS = 100
_WEBHOOK_SECONDS_MAX = 300
_CLIENT_ERRORS = range(400, 500)
_NOT_DEFINITE = {409, 429}
_TRANSFERS_STATUS = (
    *("configuration", "recipient", "capabilities", "stripe_balance"),
    *("stripe_transfers", "status"),
)


class StripeProcessor:
    """`http_client` stands in where there is no network between us and what speaks like Stripe."""

    def __init__(
        self,
        *,
        api_key: str,
        base: str,
        webhook_secrets: Sequence[str],
        country: str,
        http_client: stripe.HTTPClient | None = None,
        transfers_per_second_max: float = TRANSFERS_PER_SECOND_MAX,
    ) -> None:
        stripe.enable_telemetry = False
        patient = http_client or _over_network(_READ_SECONDS)
        quick = http_client or _over_network(_QUICK_READ_SECONDS)
        self._patient = _client(api_key, base, patient, retries=_RETRIES)
        self._quick = _client(api_key, base, quick, retries=_QUICK_RETRIES)
        self._webhook_secrets = webhook_secrets
        self._country = country
        self._bucket = TokenBucket(per_second=transfers_per_second_max)

    def start_checkout(
        self, top_up_id: str, *, requester_id: RequesterId, amount: Money, back_url: str
    ) -> Checkout:
        told = {"top_up": top_up_id, "requester": requester_id}
        session = _asked(
            lambda: self._quick.v1.checkout.sessions.create(
                {
                    "mode": "payment",
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": amount.currency.code.lower(),
                                "unit_amount": amount.minor,
                                "product_data": {"name": "Crowdloom funds"},
                            },
                        }
                    ],
                    "success_url": back_url,
                    "cancel_url": f"{back_url}?cancelled=1",
                    "metadata": told,
                    # The charge carries it as well: the books are read from balance transactions.
                    "payment_intent_data": {"metadata": told},
                },
                {"idempotency_key": f"topup:{top_up_id}"},
            )
        )
        return Checkout(session.id, str(session.url))

    def checkout_expired(self, checkout_id: str) -> bool:
        session = _asked(lambda: self._patient.v1.checkout.sessions.retrieve(checkout_id))
        return session.status == "expired"

    def open_recipient(self, worker_id: WorkerId) -> str:
        params: AccountCreateParams = {
            "dashboard": "express",
            "identity": {"country": self._country, "entity_type": "individual"},
            "configuration": {
                "recipient": {
                    "capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}
                }
            },
            "defaults": {
                "responsibilities": {
                    "fees_collector": "application",
                    "losses_collector": "application",
                }
            },
            "metadata": {"worker": worker_id},
        }
        account = _asked(
            lambda: self._quick.v2.core.accounts.create(
                params, {"idempotency_key": f"account:{worker_id}"}
            )
        )
        return account.id

    def onboarding_link(self, account_id: str, *, back_url: str, again_url: str) -> str:
        params: AccountLinkCreateParams = {
            "account": account_id,
            "use_case": {
                "type": "account_onboarding",
                "account_onboarding": {
                    "refresh_url": again_url,
                    "return_url": back_url,
                },
            },
        }
        link = _asked(lambda: self._quick.v2.core.account_links.create(params))
        return link.url

    def recipient_status(self, account_id: str) -> str:
        found: Any = _asked(
            lambda: self._quick.v2.core.accounts.retrieve(
                account_id, {"include": ["configuration.recipient"]}
            )
        )
        # What was never asked for, or taken back, is null.
        for name in _TRANSFERS_STATUS:
            found = getattr(found, name, None)
        return found if found in {"active", "pending"} else "restricted"

    def send(self, item: PayoutItem) -> Transfer:
        self._bucket.take()
        try:
            sent = self._patient.v1.transfers.create(
                {
                    "amount": item.amount.minor,
                    "currency": item.currency.code.lower(),
                    "destination": item.destination,
                    "transfer_group": item.run_id,
                    "metadata": {"payout_item": item.item_id, "attempt": str(item.attempt)},
                },
                {"idempotency_key": item.stripe_key},
            )
        except stripe.StripeError as error:
            raise _judged(error) from error
        return _transfer(sent)

    def transfers(self, run_id: PayoutRunId | None = None) -> Sequence[Transfer]:
        params: Any = {"limit": _PAGE_ITEMS}
        if run_id is not None:
            params["transfer_group"] = run_id
        return _asked(
            lambda: [
                _transfer(each)
                for each in self._patient.v1.transfers.list(params).auto_paging_iter()
            ]
        )

    def connected_payouts(self, account_id: str) -> Sequence[ConnectedPayout]:
        found = _asked(
            lambda: self._patient.v1.payouts.list(
                {"limit": _PAGE_ITEMS}, {"stripe_account": account_id}
            )
        )
        # A worker's bank may be paid in a currency that no money of this market is in.
        ours = (each for each in found.data if each.currency.upper() in Currency.__members__)
        return [_connected_payout(each) for each in ours]

    def charge(self, charge_id: str) -> ChargeState:
        found = _asked(lambda: self._patient.v1.charges.retrieve(charge_id))
        left = found.amount_captured - found.amount_refunded
        return ChargeState(Money.of_minor(left, found.currency.upper()), bool(found.disputed))

    def refund(self, part: RefundPart) -> str:
        self._bucket.take()
        try:
            made = self._patient.v1.refunds.create(
                {
                    "charge": part.charge_id,
                    "amount": part.amount.minor,
                    "metadata": {"refund": part.refund_id, "refund_part": part.part_id},
                },
                {"idempotency_key": part.processor_key},
            )
        except stripe.StripeError as error:
            raise _judged(error) from error
        return made.id

    def refund_of(self, part: RefundPart) -> str | None:
        params: Any = {"charge": part.charge_id, "limit": _PAGE_ITEMS}
        made = _asked(lambda: list(self._patient.v1.refunds.list(params).auto_paging_iter()))
        ours = (each for each in made if _texts(each.metadata).get("refund_part") == part.part_id)
        return next((each.id for each in ours), None)

    def lines_since(self, moment: datetime | None) -> Iterator[BalanceTransaction]:
        params: Any = {"limit": _PAGE_ITEMS, "expand": ["data.source"]}
        if moment is not None:
            params["created"] = {"gte": int(moment.timestamp())}
        found = _asked(
            lambda: self._patient.v1.balance_transactions.list(params).auto_paging_iter()
        )
        return _each(found, _line)

    def line(self, transaction_id: str) -> BalanceTransaction:
        return _asked(
            lambda: _line(
                self._patient.v1.balance_transactions.retrieve(
                    transaction_id, {"expand": ["source"]}
                )
            )
        )

    def balances(self) -> Mapping[str, ProcessorBalance]:
        balance = _asked(self._patient.v1.balance.retrieve)
        available = {each.currency: each.amount for each in balance.available}
        pending = {each.currency: each.amount for each in balance.pending}
        held = {code for amounts in (available, pending) for code, n in amounts.items() if n}
        known = {code for code in (*available, *pending) if code.upper() in Currency.__members__}
        return _asked(
            lambda: {
                code.upper(): ProcessorBalance(
                    available=Money.of_minor(available.get(code, 0), code.upper()),
                    pending=Money.of_minor(pending.get(code, 0), code.upper()),
                )
                for code in sorted(held | known)
            }
        )

    def hints_since(self, moment: datetime) -> Iterator[Hint]:
        found = _asked(
            lambda: list(
                self._patient.v1.events.list(
                    {"limit": _PAGE_ITEMS, "created": {"gte": int(moment.timestamp())}}
                ).auto_paging_iter()
            )
        )
        return (_hint(each.to_dict()) for each in found)

    def read_webhook(self, payload: bytes, signature: str) -> Hint:
        self._check_signature(payload, signature)
        try:
            return _hint(json.loads(payload))
        except (*_NO_EVENT, RecursionError) as error:
            raise ForgedWebhook("The body is not an event") from error

    def _check_signature(self, payload: bytes, signature: str) -> None:
        """Try each secret, so that one can be rotated. Refuse what is old, or from the future."""
        for secret in self._webhook_secrets:
            try:
                stripe.WebhookSignature.verify_header(
                    payload, signature, secret, tolerance=_WEBHOOK_SECONDS_MAX
                )
            except (stripe.SignatureVerificationError, ValueError):
                continue
            stamped = dict(part.split("=", 1) for part in signature.split(",") if "=" in part)
            if int(stamped["t"]) <= time.time() + _WEBHOOK_SECONDS_MAX:
                return
        raise ForgedWebhook("The signature does not fit, or is not of about now")


def _over_network(read_seconds: float) -> stripe.HTTPClient:
    return stripe.RequestsClient(timeout=(_CONNECT_SECONDS, read_seconds))


def _client(
    api_key: str, base: str, http_client: stripe.HTTPClient, *, retries: int
) -> stripe.StripeClient:
    addresses: Any = {"api": base, "connect": base, "files": base, "meter_events": base}
    if base == "https://api.stripe.com":
        addresses = {}
    return stripe.StripeClient(
        api_key,
        base_addresses=addresses,
        max_network_retries=retries,
        http_client=http_client,
    )


def _each(pages: Iterator[Any], read: Callable[[Any], ResultT]) -> Iterator[ResultT]:
    """A page at a time: a feed may be longer than memory. Raises ProcessorUnavailable."""
    while (found := _asked(lambda: next(pages, None))) is not None:
        yield _asked(lambda one=found: read(one))  # type: ignore[misc]


def _asked(question: Callable[[], ResultT]) -> ResultT:
    """Ask; whatever goes wrong, nothing follows from it. So it is with an amount in a currency
    that we cannot count in: what is left of an answer without it would not be all.
    """
    try:
        return question()
    except WrongCurrency as error:
        log.warning("processor_not_understood", error=str(error))
        raise ProcessorUnavailable(f"The processor told of another currency: {error}") from error
    except stripe.StripeError as error:
        log.warning("processor_unavailable", error=str(error), status=error.http_status)
        raise ProcessorUnavailable("The payment processor did not answer; try again") from error


def _judged(error: stripe.StripeError) -> Exception:
    """Definite, not sent, or unknown. In doubt it is unknown."""
    status = error.http_status
    if isinstance(error, stripe.RateLimitError):
        return NotSentYet(str(error))
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return TurnedAway(str(error))
    unsure = isinstance(error, stripe.APIConnectionError | stripe.IdempotencyError)
    if unsure or status not in _CLIENT_ERRORS or status in _NOT_DEFINITE:
        return OutcomeUnknown(str(error))
    return TransferRefused(error.code or "refused", error.user_message or str(error))


def _transfer(transfer: Any) -> Transfer:
    return Transfer(
        transfer_id=transfer.id,
        amount=Money.of_minor(transfer.amount, transfer.currency.upper()),
        destination=str(transfer.destination),
        group=transfer.transfer_group or "",
        metadata=_texts(transfer.metadata),
        reversed_minor=transfer.amount_reversed,
    )


def _connected_payout(payout: Any) -> ConnectedPayout:
    return ConnectedPayout(
        payout_id=payout.id,
        amount=Money.of_minor(payout.amount, payout.currency.upper()),
        status=payout.status,
        created_at=datetime.fromtimestamp(payout.created, UTC),
        failure_code=payout.failure_code or "",
    )


def _line(line: Any) -> BalanceTransaction:
    currency = Currency.of(line.currency.upper())
    source = line.source
    expanded = source is not None and not isinstance(source, str)
    return BalanceTransaction(
        transaction_id=line.id,
        kind=line.type,
        source_id=(source.id if expanded else source) or "",
        gross=Money.of_minor(line.amount, currency),
        fee=Money.of_minor(line.fee, currency),
        net=Money.of_minor(line.net, currency),
        available=line.status == "available",
        available_on=datetime.fromtimestamp(line.available_on, UTC),
        created_at=datetime.fromtimestamp(line.created, UTC),
        metadata=_texts(getattr(source, "metadata", None)) if expanded else {},
    )


def _texts(metadata: Any) -> dict[str, str]:
    if metadata is None:
        return {}
    plain = metadata.to_dict() if hasattr(metadata, "to_dict") else dict(metadata)
    return {str(name): str(value) for name, value in plain.items()}


def _hint(event: Mapping[str, Any]) -> Hint:
    """A snapshot event names its object in `data`, a thin one in `related_object`."""
    thin = event.get("object") == "v2.core.event"
    about = event["related_object"] if thin else event["data"]["object"]
    created = event["created"]
    return Hint(
        event_id=str(event["id"]),
        kind=str(event["type"]),
        object_id=str((about or {}).get("id", "")),
        created_at=(
            datetime.fromisoformat(created) if thin else datetime.fromtimestamp(created, UTC)
        ),
    )
