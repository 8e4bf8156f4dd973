"""Closing a month: a controller closes it softly, and proposes the close that another approves.

What a close stores is made when it is proposed, from a period that nothing comes into by itself any
more: its trial balance, the checklist, and the head of the chain of seals. The approval is for
exactly that; an entry by hand that came in between is another content.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, Money
from crowdloom.kernel.errors import InvalidInput, NotFound
from crowdloom.kernel.ids import StaffId

from payment_service.application.approvals import ApprovalDesk, ApprovalKind, Payload, Prepared
from payment_service.application.closed_trial import ClosedTrial
from payment_service.application.journal import AccountBalance
from payment_service.application.period_checks import CheckPeriod
from payment_service.application.period_ports import PeriodBooks
from payment_service.application.ports import Session
from payment_service.domain.approvals import Approval
from payment_service.domain.payouts import ContentChanged
from payment_service.domain.periods import (
    FENCE,
    Check,
    Period,
    PeriodNotInState,
    PeriodNotReady,
    PeriodState,
    TrialHash,
    has_ended,
    is_month,
    month_of,
    next_month,
)

CLOSE, REOPEN = "period_close", "period_reopen"


@dataclass(frozen=True)
class PeriodView:
    """A month with its checklist, and the closing it has, if it has one."""

    period: Period
    checks: Sequence[Check]
    closing: Mapping[str, Any] | None

    @property
    def is_ready(self) -> bool:
        return all(check.holds or not check.binds for check in self.checks)


class PeriodDesk:
    """Months are closed in order, and only the newest closed one is opened again."""

    def __init__(
        self,
        store: Store[Session],
        books: PeriodBooks,
        *,
        check: CheckPeriod,
        approvals: ApprovalDesk,
        clock: Clock,
    ) -> None:
        self._store = store
        self._books = books
        self._check = check
        self._approvals = approvals
        self._clock = clock

    def listed(self) -> Sequence[Period]:
        """Every month since the first entry, newest first."""
        first, last = self._books.first_month(), month_of(self._clock.now())
        known = {each.month: each for each in self._store.run(lambda s: s.periods.listed())}
        shut = {each.month for each in known.values() if not each.is_open}
        month = min([first or last, *shut])
        months = [month]
        while months[-1] < last:
            months.append(next_month(months[-1]))
        return [known.get(each, Period(each)) for each in reversed(months)]

    def show(self, month: str) -> PeriodView:
        """The period as it stands; a closed one with what it was closed with."""
        _check_month(month)
        period = self._store.run(lambda session: session.periods.get(month))
        closing = self._closing(period)
        checks = (
            [Check(**each) for each in closing["checks"]]
            if closing is not None and period.state is PeriodState.CLOSED
            else self._check.at_a_glance(month)
        )
        return PeriodView(period, checks, closing)

    def closing(self, month: str) -> Mapping[str, Any]:
        """What the newest close of a month stored. Raises NotFound where it was never closed."""
        _check_month(month)
        found = self._closing(self._store.run(lambda session: session.periods.get(month)))
        if found is None:
            raise NotFound("It was never closed")
        return found

    def _closing(self, period: Period) -> Mapping[str, Any] | None:
        closing_id = period.closing_id
        if closing_id is None:
            return None
        return self._store.run(lambda session: session.periods.closing(closing_id))

    def soft_close(self, who: StaffId, month: str) -> Period:
        """From now on nothing comes in by itself. Raises PeriodNotInState, PeriodNotReady."""
        _check_month(month)
        if not has_ended(month, self._clock.now()):
            raise PeriodNotReady("The month has not ended", checks=["ended"])
        listed = self.listed()
        if month < listed[-1].month:
            # One such close would make every month since then one to be closed.
            raise PeriodNotReady(
                "The books begin with %(month)s: close that first", month=listed[-1].month
            )
        earlier = [each for each in listed if each.month < month]

        def work(session: Session) -> Period:
            _need_fenced(session, earlier)
            return self._move(session, who, month, PeriodState.SOFT_CLOSED)

        return self._store.run(work)

    def open_again(self, who: StaffId, month: str) -> Period:
        """Take a soft close back. Raises PeriodNotInState."""
        _check_month(month)

        def work(session: Session) -> Period:
            period = session.periods.get(month)
            if period.state is not PeriodState.SOFT_CLOSED:
                raise PeriodNotInState("It is not closed softly", state=period.state)
            return self._move(session, who, month, PeriodState.OPEN)

        return self._store.run(work)

    def propose_close(self, who: StaffId, month: str, *, reason: str, key: str) -> Approval:
        """Idempotent by key. Raises PeriodNotInState; PeriodNotReady with what does not hold."""
        _check_month(month)
        period = self._store.run(lambda session: session.periods.get(month))
        if period.state is not PeriodState.SOFT_CLOSED or period.changed_at is None:
            raise PeriodNotInState(
                "Only a month that is closed softly is closed for good", state=period.state
            )
        if self._clock.now() - period.changed_at < FENCE:
            raise PeriodNotReady("What was begun before the soft close ends first: a minute")
        checks = self._check(month)
        failing = [check.code for check in checks if check.binds and not check.holds]
        if failing:
            raise PeriodNotReady("Something on the checklist does not hold", checks=failing)
        closing = self._made(period, checks)
        self._store.run(lambda session: session.periods.keep_closing(closing))
        payload = {name: closing[name] for name in _SHOWN} | {"closing_id": closing["_id"]}
        return self._approvals.propose(who, CLOSE, payload=payload, reason=reason, key=key)

    def propose_reopen(self, who: StaffId, month: str, *, reason: str, key: str) -> Approval:
        """Idempotent by key. Raises PeriodNotInState, ReasonMissing."""
        _check_month(month)
        payload = {"period": month}
        return self._approvals.propose(who, REOPEN, payload=payload, reason=reason, key=key)

    def trial(self, closing: Mapping[str, Any], *, after: str = "") -> Iterator[AccountBalance]:
        """The trial balance that a closing stored, by path, from the account after one."""
        return self._books.kept_trial(closing["period"], closing["version"], after=after)

    def trial_rows(self, closing: Mapping[str, Any]) -> ClosedTrial:
        """The same as rows of a table."""
        count = int(closing["account_count"])
        return ClosedTrial(lambda after: self.trial(closing, after=after), count=count)

    def _made(self, period: Period, checks: Sequence[Check]) -> dict[str, Any]:
        """Its trial balance is kept row by row while it is read."""
        before = self._books.closed_before(period.month)
        trial = _Trial(self._books.trial(period.month))
        self._books.keep_trial(period.month, period.version, trial)
        digest, report = trial.hash.hex(), self._check.sealed(period.month)
        return {
            "_id": f"{period.month}:{period.version}:{digest[:16]}",
            "period": period.month,
            "version": period.version,
            "before": "" if before is None else before.closing_id,
            "trial_hash": digest,
            "seal_head": report.head,
            "sealed_count": report.sealed_count,
            "entry_count": self._books.entry_count(period.month),
            "account_count": trial.count,
            "sums": [amount.to_wire() for amount in trial.sums.values()],
            "checks": [dict(vars(check)) for check in checks],
            "made_at": self._clock.now(),
        }

    def _move(self, session: Session, who: StaffId, month: str, to: PeriodState) -> Period:
        before = session.periods.get(month)
        if to is PeriodState.SOFT_CLOSED and not before.is_open:
            raise PeriodNotInState("It is closed already", state=before.state)
        after = before.moved(to, who, self._clock.now())
        session.periods.replace(after, version=before.version)
        note_period(session, who, before, after, reason="")
        return after


class _Trial:
    """Passes a trial balance on, and has its hash, count and sums once it was read to its end."""

    def __init__(self, rows: Iterable[AccountBalance]) -> None:
        self._rows = rows
        self.hash = TrialHash()
        self.count = 0
        self.sums: dict[str, Money] = {}

    def __iter__(self) -> Iterator[AccountBalance]:
        for row in self._rows:
            self.hash.add(row.path, row.debit, row.credit)
            self.count += 1
            before = self.sums.get(row.currency.code, Money.zero(row.currency))
            self.sums[row.currency.code] = before + Money(row.signed, row.currency)
            yield row


# What a proposal shows of a closing; the trial balance itself is kept beside it.
_SHOWN = (
    *("period", "version", "before", "trial_hash", "seal_head", "sealed_count", "entry_count"),
    "sums",
)


def period_close(clock: Clock) -> ApprovalKind:
    """Made by PeriodDesk alone. Payload: what the closing stores, without its rows."""

    def prepare(session: Session, payload: Payload) -> Prepared:
        _need_unchanged(session, payload)
        return Prepared(subject=payload["period"], payload=dict(payload))

    def carry_out(session: Session, approval: Approval) -> None:
        before = _need_unchanged(session, approval.payload)
        who, now = approval.decided_by or approval.made_by, clock.now()
        after = replace(
            before.moved(PeriodState.CLOSED, who, now),
            closed_at=now,
            closing_id=approval.payload["closing_id"],
        )
        session.periods.replace(after, version=before.version)
        note_period(session, who, before, after, reason=approval.reason)

    return ApprovalKind(prepare, carry_out, of_its_own=True)


def period_reopen(clock: Clock) -> ApprovalKind:
    """Made by PeriodDesk alone. Payload: `{"period"}`, to which the closing is added that is meant:
    a proposal that was left over opens no later one.
    """

    def prepare(session: Session, payload: Payload) -> Prepared:
        month = payload["period"]
        meant = _need_newest_closed(session, month).closing_id
        return Prepared(subject=month, payload={"period": month, "closing": meant})

    def carry_out(session: Session, approval: Approval) -> None:
        before = _need_newest_closed(session, approval.payload["period"])
        if approval.payload.get("closing", before.closing_id) != before.closing_id:
            raise PeriodNotInState(
                "It was closed anew since this was proposed: look at it and propose it again",
                period=before.month,
            )
        who = approval.decided_by or approval.made_by
        after = replace(before.moved(PeriodState.REOPENED, who, clock.now()), closed_at=None)
        session.periods.replace(after, version=before.version)
        note_period(session, who, before, after, reason=approval.reason)

    return ApprovalKind(prepare, carry_out, of_its_own=True)


def note_period(
    session: Session, who: StaffId, before: Period, after: Period, *, reason: str
) -> None:
    """Into the audit log: what it was and what it is."""
    session.audit.note(
        who=who,
        what=f"period.{after.state.value}",
        subject=after.month,
        before={"state": before.state.value, "closing": before.closing_id},
        after={"state": after.state.value, "closing": after.closing_id},
        reason=reason,
    )


def _need_unchanged(session: Session, payload: Payload) -> Period:
    """Raises ContentChanged where anything came into it since the closing was made."""
    period = session.periods.get(payload["period"])
    if period.state is not PeriodState.SOFT_CLOSED or period.version != payload["version"]:
        raise ContentChanged("The period has changed since; propose its close again")
    states = session.periods.states()
    unclosed = [
        month
        for month, state in states.items()
        if month < period.month and state is not PeriodState.CLOSED
    ]
    if unclosed:
        raise PeriodNotReady("Close %(month)s first", month=min(unclosed), checks=["earlier"])
    earlier = [month for month in states if month < period.month]
    before = session.periods.get(max(earlier)).closing_id if earlier else None
    if (before or "") != payload["before"]:
        raise ContentChanged("The month before was closed anew; propose this close again")
    return period


def _need_newest_closed(session: Session, month: str) -> Period:
    states = session.periods.states()
    closed = [each for each, state in states.items() if state is PeriodState.CLOSED]
    if month not in closed or month != max(closed):
        raise PeriodNotInState("Only the newest closed period is opened again", period=month)
    return session.periods.get(month)


def _need_fenced(session: Session, earlier: Sequence[Period]) -> None:
    states = session.periods.states()
    fenced = {PeriodState.SOFT_CLOSED, PeriodState.CLOSED}
    before = [each.month for each in earlier if states.get(each.month) not in fenced]
    if before:
        raise PeriodNotReady("Close %(month)s first", month=before[-1], checks=["earlier"])


def _check_month(month: str) -> None:
    if not is_month(month):
        raise InvalidInput("A period is a month, as 2026-11", errors={"period": [month]})
