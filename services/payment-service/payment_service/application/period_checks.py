"""The checklist of a period's close: each line says what was looked at, and where to look."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol

from crowdloom.kernel import Clock, Money

from payment_service.application.journal import AccountBalance
from payment_service.application.period_ports import PeriodBooks
from payment_service.application.seal_journal import SealReport
from payment_service.application.show_reconciliation import books_agree
from payment_service.domain.periods import Check, has_ended, last_day
from payment_service.domain.seals import BEGINNING

_EXCEPTIONS = "/finance/exceptions"
_LEDGER = "/finance/ledger"
_RECONCILIATIONS = "/finance/reconciliations"


class Seals(Protocol):
    def __call__(self) -> SealReport:
        """Verify the whole chain."""
        ...

    def on(self, count: int = 0, head: str = BEGINNING) -> SealReport:
        """Verify what is new since the last look, or since that seal."""
        ...

    def since(self, count: int, head: str) -> SealReport:
        """Verify what follows a seal that was verified before."""
        ...


class CheckPeriod:
    """Reads only; called, it blocks for as long as it takes to sum what was booked since the close
    before.
    """

    def __init__(self, books: PeriodBooks, *, seals: Seals, clock: Clock) -> None:
        self._books = books
        self._verify = seals
        self._clock = clock

    def __call__(self, month: str) -> Sequence[Check]:
        """For a close: every figure is made from the journal, and from what the close before has
        proved of it.
        """
        return self._checks(
            month,
            trial=self._books.trial(month),
            drifts=self._books.drift_count(month),
            broken=self.sealed(month).broken,
            unsealed=self._books.unsealed_count(month),
        )

    def sealed(self, month: str) -> SealReport:
        """The chain from where the close before left it: its head must follow that one."""
        before = self._books.closed_before(month)
        if before is None:
            return self._verify()
        return self._verify.since(*before.chain)

    def at_a_glance(self, month: str) -> Sequence[Check]:
        """For a page: from the balances by day, and from the seals that are new since one looked
        last. What a close rests on is made anew when it is proposed.
        """
        before = self._books.closed_before(month)
        return self._checks(
            month,
            trial=self._books.counted_trial(month),
            drifts=self._books.counted_drift_count(month),
            broken=(self._verify.on(*before.chain) if before else self._verify.on()).broken,
            unsealed=self._books.unsealed_lately(month),
        )

    def _checks(
        self,
        month: str,
        *,
        trial: Iterable[AccountBalance],
        drifts: int,
        broken: str | None,
        unsealed: int,
    ) -> Sequence[Check]:
        end = end_of(month)
        return [
            self._ended(month),
            *self._feeds(month, end),
            self._trial_balance(trial),
            *self._controls(month, drifts),
            *self._exceptions(end),
            *self._moving(end),
            self._seals(month, broken, unsealed),
        ]

    def _ended(self, month: str) -> Check:
        return Check("ended", has_ended(month, self._clock.now()), f"{last_day(month)}", "")

    def _feeds(self, month: str, end: datetime) -> Iterator[Check]:
        newest = self._books.newest_reconciliation()
        compared = newest is not None and newest["ended_at"] >= end
        figure = "never" if newest is None else f"{newest['ended_at']:%Y-%m-%d %H:%M}"
        yield Check("processor_feed", compared, figure, _RECONCILIATIONS)
        yield Check("processor_proof", *_proof(newest), link=_RECONCILIATIONS)
        for feed in self._books.bank_feeds():
            whole = feed.until is not None and feed.until >= last_day(month)
            figure = f"{feed.name}: {feed.until or 'never'}"
            yield Check("bank_feed", whole, figure, "/finance/bank-statements")

    def _trial_balance(self, rows: Iterable[AccountBalance]) -> Check:
        sums = sums_of(rows)
        apart = [str(amount) for amount in sums if amount]
        figure = ", ".join(apart) or ", ".join(str(amount) for amount in sums) or "0"
        return Check("trial_balance", not apart, figure, _LEDGER)

    def _controls(self, month: str, drifts: int) -> Iterator[Check]:
        yield Check("kept_balances", drifts == 0, str(drifts), "/finance/audit")
        apart, count = self._books.controls_apart(month), self._books.controls_count(month)
        figure = ", ".join(apart[:3]) or str(count)
        yield Check("task_totals", not apart, figure, "/finance/audit")

    def _exceptions(self, end: datetime) -> Iterator[Check]:
        waiting = self._books.unexplained(end)
        yield Check("exceptions", waiting == 0, str(waiting), _EXCEPTIONS)
        told = self._books.escalated(end)
        link = f"{_EXCEPTIONS}?state=escalated"
        yield Check("escalated", told == 0, str(told), link, binds=False)

    def _moving(self, end: datetime) -> Iterator[Check]:
        for code, count in (
            ("outbox", self._books.unpublished(end)),
            ("unsettled", self._books.unsettled(end)),
            ("dead_letters", self._books.dead_letters()),
        ):
            yield Check(code, count == 0, str(count), "/operator")

    def _seals(self, month: str, broken: str | None, missing: int) -> Check:
        count = self._books.entry_count(month)
        figure = broken or f"{count - missing} / {count}"
        return Check("seals", broken is None and missing == 0, figure, "/finance/audit")


def _proof(newest: Any) -> tuple[bool, str]:
    if newest is None:
        return False, "never"
    return bool(books_agree(newest)), str(newest["unreconciled_minor"])


def sums_of(rows: Iterable[AccountBalance]) -> Sequence[Money]:
    """Debit minus credit of each currency: zero, or it does not balance."""
    sums: dict[str, Money] = {}
    for row in rows:
        before = sums.get(row.currency.code, Money.zero(row.currency))
        sums[row.currency.code] = before + Money(row.signed, row.currency)
    return list(sums.values())


def end_of(month: str) -> datetime:
    """The first instant after it, UTC."""
    day: date = last_day(month) + timedelta(days=1)
    return datetime.combine(day, time(), tzinfo=UTC)
