"""The payment processor as a port: Stripe, its simulator, or another rail behind it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from crowdloom.kernel import DomainError, Money
from crowdloom.kernel.ids import PayoutRunId, RequesterId, WorkerId

from payment_service.application.ports import Hint
from payment_service.domain.memos import ConnectedPayout
from payment_service.domain.payouts import PayoutItem
from payment_service.domain.processor_lines import BalanceTransaction, ProcessorBalance, Transfer
from payment_service.domain.refunds import ChargeState, RefundPart


class TransferRefused(Exception):
    """Definite: no money moved, and none will under this attempt."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class OutcomeUnknown(Exception):
    """Time-out, dropped connection or server error: money may or may not have moved."""


class NotSentYet(Exception):
    """Turned away before anything happened (too many calls, or our key): the attempt holds."""


class TurnedAway(NotSentYet):
    """The processor does not let us in: our key, or what it may do. No other call fares better."""


class ProcessorUnavailable(DomainError):
    """The processor did not answer a question; nothing follows from that."""

    code = "processor_unavailable"
    status = 503


class ForgedWebhook(DomainError):
    """The signature is missing, wrong, too old or from the future; nothing was changed."""

    code = "invalid_signature"
    status = 400


@dataclass(frozen=True)
class Checkout:
    checkout_id: str
    url: str


class PaymentProcessor(Protocol):
    """Every call may block for seconds and may fail with ProcessorUnavailable unless it says more.

    `start_checkout`, `open_recipient`, `onboarding_link` and `recipient_status` answer within five
    seconds, for web requests; all others are for the events process.
    """

    def start_checkout(
        self, top_up_id: str, *, requester_id: RequesterId, amount: Money, back_url: str
    ) -> Checkout:
        """Idempotent by top_up_id."""
        ...

    def checkout_expired(self, checkout_id: str) -> bool: ...

    def open_recipient(self, worker_id: WorkerId) -> str:
        """Make the worker's account and return its id; idempotent by worker_id."""
        ...

    def onboarding_link(self, account_id: str, *, back_url: str, again_url: str) -> str:
        """A link good once, to the processor's form."""
        ...

    def recipient_status(self, account_id: str) -> str:
        """active, pending or restricted."""
        ...

    def send(self, item: PayoutItem) -> Transfer:
        """Idempotent by the item's attempt, for a day. Keeps to the processor's rate by waiting.

        Raises TransferRefused, OutcomeUnknown, NotSentYet.
        """
        ...

    def transfers(self, run_id: PayoutRunId | None = None) -> Sequence[Transfer]:
        """Those of a run, or all."""
        ...

    def connected_payouts(self, account_id: str) -> Sequence[ConnectedPayout]:
        """What a worker's account paid out to its bank lately, newest first."""
        ...

    def charge(self, charge_id: str) -> ChargeState: ...

    def refund(self, part: RefundPart) -> str:
        """Send a part back to its charge's card; returns the refund's id. Idempotent by the part,
        for a day. Raises TransferRefused, OutcomeUnknown, NotSentYet.
        """
        ...

    def refund_of(self, part: RefundPart) -> str | None:
        """The id of the refund that was made for the part, if there is one."""
        ...

    def lines_since(self, moment: datetime | None) -> Iterator[BalanceTransaction]:
        """The processor's books, newest first, from `moment` or from the beginning."""
        ...

    def line(self, transaction_id: str) -> BalanceTransaction: ...

    def balances(self) -> Mapping[str, ProcessorBalance]:
        """By currency code."""
        ...

    def hints_since(self, moment: datetime) -> Iterator[Hint]: ...

    def read_webhook(self, payload: bytes, signature: str) -> Hint:
        """Does not block. Raises ForgedWebhook."""
        ...
