"""What finance sees first: what is matched, what is on its way, and what needs a person."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from crowdloom.kernel import Currency, Money

from payment_service.application import ports
from payment_service.application.journal import AccountBalance, Journal
from payment_service.application.payout_runs import RunView
from payment_service.domain import chart
from payment_service.domain.approvals import ApprovalStatus
from payment_service.domain.payouts import Rail, RunStatus
from payment_service.domain.refunds import RefundStatus

_RUNS_MAX = 50
_RECONCILIATIONS_MAX = 20


class Readers(Protocol):
    """Repositories outside of any transaction."""

    @property
    def payout_runs(self) -> ports.PayoutRuns: ...
    @property
    def exceptions(self) -> ports.Exceptions: ...
    @property
    def reconciliations(self) -> ports.Reconciliations: ...
    @property
    def approvals(self) -> ports.Approvals: ...
    @property
    def refunds(self) -> ports.Refunds: ...


@dataclass(frozen=True)
class Held:
    """What one kind of account holds in all, over how many accounts that hold anything."""

    amount: Money
    count: int


@dataclass(frozen=True)
class Attention:
    """Open exceptions. `amounts` leaves out those whose amount is not known: `unsized_count`."""

    count: int
    amounts: Sequence[Money]
    unsized_count: int


@dataclass(frozen=True)
class Today:
    """`latest` is the newest reconciliation of any status, `compared` the newest that ended;
    `between` is what left the processor for our banks, or the other way, and has not arrived;
    `refunds_asked` are those that nobody has decided about.
    """

    latest: Mapping[str, Any] | None
    compared: Mapping[str, Any] | None
    in_transit: Held
    owed_to_workers: Held
    reserved: Held
    free_of_requesters: Held
    available: Money
    pending: Money
    in_banks: Money
    between: Money
    attention: Attention
    proposals_count: int
    refunds_asked: int
    to_approve: Sequence[RunView]
    with_failures: Sequence[RunView]


class ShowFinance:
    def __init__(self, readers: Readers, *, journal: Journal, currency: Currency) -> None:
        self._readers = readers
        self._journal = journal
        self._currency = currency

    def today(self) -> Today:
        recent = self._readers.reconciliations.listed(_RECONCILIATIONS_MAX)
        ended = [found for found in recent if found["status"] == "completed"]
        trial = [row for row in self._journal.trial_balance() if row.currency is self._currency]
        return Today(
            latest=recent[0] if recent else None,
            compared=ended[0] if ended else None,
            in_transit=self._held(trial, lambda kind: kind == "payout"),
            owed_to_workers=self._held(trial, lambda kind: kind in {"payable", "clearing"}),
            reserved=self._held(trial, lambda kind: kind == "escrow"),
            free_of_requesters=self._held(trial, lambda kind: kind == "wallet"),
            available=self._on(trial, chart.stripe_available(self._currency)),
            pending=self._on(trial, chart.stripe_pending(self._currency)),
            in_banks=self._below(trial, "asset:bank:"),
            between=self._below(trial, "asset:transit:"),
            attention=self._attention(),
            proposals_count=self._readers.approvals.count(ApprovalStatus.PROPOSED),
            refunds_asked=self._readers.refunds.count(RefundStatus.ASKED),
            to_approve=self._runs(RunStatus.FROZEN),
            with_failures=[
                view for view in self._runs(RunStatus.COMPLETED_WITH_EXCEPTIONS) if view.failed
            ],
        )

    def available(self, rail: Rail = Rail.STRIPE) -> Money | None:
        """What a run by this rail can be paid from, as the ledger says; None where it needs no
        money anywhere. Of the bank's money, what is on its way already is gone.
        """
        if rail is Rail.GIFT_CREDIT:
            return None
        if rail is Rail.BANK_FILE:
            rows = self._journal.trial_balance()
            units = sum(
                r.signed
                for r in rows
                if r.path.startswith("asset:bank:") and r.currency is self._currency
            )
            open_items = self._readers.payout_runs.open_items(rail)
            gone = sum(i.amount.units for i in open_items if i.currency is self._currency)
            return Money(units - gone, self._currency)
        path = chart.stripe_available(self._currency)
        lines = self._journal.statement(path, count_max=1)
        return Money(lines[0].balance if lines else 0, self._currency)

    def _held(self, trial: Sequence[AccountBalance], wanted: Callable[[str], bool]) -> Held:
        units = [
            -row.signed
            for row in trial
            if row.path.startswith("liability:") and row.signed and wanted(chart.kind_of(row.path))
        ]
        return Held(Money(sum(units), self._currency), len(units))

    def _on(self, trial: Sequence[AccountBalance], path: str) -> Money:
        return Money(sum(row.signed for row in trial if row.path == path), self._currency)

    def _below(self, trial: Sequence[AccountBalance], prefix: str) -> Money:
        found = (row.signed for row in trial if row.path.startswith(prefix))
        return Money(sum(found), self._currency)

    def _attention(self) -> Attention:
        amounts = [amount for _, amount in self._readers.exceptions.open_amounts()]
        sized = [amount for amount in amounts if amount is not None]
        by_currency: dict[Currency, Money] = {}
        for amount in sized:
            # A difference counts whatever its sign: a surplus does not make up for a gap.
            size = -amount if amount.units < 0 else amount
            before = by_currency.get(amount.currency, Money.zero(amount.currency))
            by_currency[amount.currency] = before + size
        return Attention(len(amounts), list(by_currency.values()), len(amounts) - len(sized))

    def _runs(self, status: RunStatus) -> list[RunView]:
        runs = self._readers.payout_runs.listed(_RUNS_MAX, status=status)
        return [RunView(run, self._readers.payout_runs.items(run.run_id)) for run in runs]
