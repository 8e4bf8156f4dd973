"""Payout runs: a maker drafts and freezes, a checker who is somebody else approves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from crowdloom.chassis.idempotency import IdempotencyKeyReused
from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, Currency, IdFactory, Money
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import PayoutItemId, PayoutRunId, StaffId

from payment_service.application.ask_payout import payable_of_many
from payment_service.application.plan_runs import PlanRuns, RunLimits
from payment_service.application.ports import Session
from payment_service.domain.payouts import (
    ContentChanged,
    ItemState,
    NothingEligible,
    PayoutItem,
    PayoutRun,
    Rail,
    RunApproval,
    RunNotInState,
    RunStatus,
    TooLittleAvailable,
    content_hash,
    kept_of,
)


@dataclass(frozen=True)
class RunView:
    run: PayoutRun
    items: Sequence[PayoutItem]

    @property
    def total(self) -> Money:
        return self._sum(set(ItemState) - {ItemState.CANCELLED})

    @property
    def kept(self) -> Money:
        """Fees and tax withheld, beside the total that is sent."""
        left = [item for item in self.items if item.state is not ItemState.CANCELLED]
        return kept_of(left, self.run.currency)

    @property
    def paid(self) -> Money:
        return self._sum({ItemState.PAID})

    @property
    def failed(self) -> Money:
        return self._sum({ItemState.FAILED})

    def count(self, *states: ItemState) -> int:
        return sum(item.state in states for item in self.items)

    def _sum(self, states: set[ItemState]) -> Money:
        chosen = [item.amount.units for item in self.items if item.state in states]
        return Money(sum(chosen), self.run.currency)


class PayoutRunDesk:
    """What staff may do with runs. Each act is noted in the audit log, in its own transaction."""

    def __init__(
        self,
        store: Store[Session],
        *,
        clock: Clock,
        ids: IdFactory,
        plans: PlanRuns,
        limits: RunLimits,
        available: Callable[[Rail], Money | None],
    ) -> None:
        self._store = store
        self._plans = plans
        self._clock = clock
        self._ids = ids
        self._limits = limits
        self._available = available

    def draft(
        self, maker: StaffId, currency: Currency, *, key: str, rail: Rail = Rail.STRIPE
    ) -> RunView:
        """Everybody who asked, is paid by this rail, has an account and enough that is payable.

        Idempotent by key. Raises NothingEligible, IdempotencyKeyReused.
        """
        run_id = PayoutRunId(self._ids.new("payout_run"))

        def work(session: Session) -> RunView:
            earlier = session.payout_runs.by_request_key(f"{maker}:{key}")
            if earlier is not None:
                if earlier.rail is not rail:
                    raise IdempotencyKeyReused("This Idempotency-Key was used for another rail")
                return RunView(earlier, session.payout_runs.items(earlier.run_id))
            items = self._plans.plan(session, run_id, currency, rail=rail).items
            if not items:
                raise NothingEligible("Nobody who asked for a payout can be paid now")
            run = PayoutRun(
                run_id=run_id,
                number=session.payout_runs.next_number(),
                currency=currency,
                status=RunStatus.DRAFT,
                made_by=maker,
                made_at=self._clock.now(),
                request_key=f"{maker}:{key}",
                rail=rail,
            )
            session.payout_runs.add(run, items)
            session.payout_requests.set_status(
                {item.request_id for item in items}, "in_run", at=run.made_at
            )
            view = RunView(run, items)
            session.audit.note(
                who=maker, what="payout_run.draft", subject=run_id, total=view.total.to_wire()
            )
            return view

        return self._store.run(work)

    def show(self, run_id: PayoutRunId) -> RunView:
        """Raises NotFound."""
        return self._store.run(lambda session: found(session, run_id))

    def freeze(self, who: StaffId, run_id: PayoutRunId) -> RunView:
        """Fix the content by its hash. Idempotent. Raises NotFound, RunNotInState."""

        def work(session: Session) -> RunView:
            view = found(session, run_id)
            if view.run.status is RunStatus.FROZEN:
                return view
            view.run.require(RunStatus.DRAFT)
            if not view.items:
                raise NothingEligible("The run has no lines left")
            digest = content_hash(run_id, view.items)
            frozen = replace(
                view.run,
                status=RunStatus.FROZEN,
                content_hash=digest,
                frozen_at=self._clock.now(),
            )
            session.payout_runs.replace(frozen)
            session.audit.note(
                who=who, what="payout_run.freeze", subject=run_id, content_hash=digest
            )
            return RunView(frozen, view.items)

        return self._store.run(work)

    def remove_item(self, who: StaffId, run_id: PayoutRunId, item_id: PayoutItemId) -> RunView:
        """Take a line out before approval; a frozen run is a draft again."""

        def work(session: Session) -> RunView:
            view = found(session, run_id)
            view.run.require(RunStatus.DRAFT, RunStatus.FROZEN)
            gone = _item(view, item_id)
            session.payout_runs.remove_item(item_id)
            session.payout_requests.set_status({gone.request_id}, "open", at=self._clock.now())
            session.payout_runs.replace(_thawed(view.run))
            session.audit.note(who=who, what="payout_run.remove_item", subject=run_id, item=item_id)
            return found(session, run_id)

        return self._store.run(work)

    def approve(self, checker: StaffId, run_id: PayoutRunId, *, seen_hash: str) -> RunView:
        """Let the run be carried out, once as many have approved as a run of its size needs. Each
        approval is kept with the hash of what was approved. Idempotent for the same checker.

        Raises NotFound, RunNotInState, MakerIsChecker, ContentChanged, TooLittleAvailable.
        """
        available = self._available(self.show(run_id).run.rail)

        def work(session: Session) -> RunView:
            view = found(session, run_id)
            run = view.run
            if checker in run.approvers and run.content_hash == seen_hash:
                return view
            run.check_approval(
                checker, seen_hash=seen_hash, actual_hash=content_hash(run_id, view.items)
            )
            _check_still_payable(session, view)
            self._check_covered(view, available)
            session.audit.note(
                who=checker, what="payout_run.approve", subject=run_id, content_hash=seen_hash
            )
            given = RunApproval(checker, seen_hash, self._clock.now())
            run = replace(run, approvals=(*run.approvals, given))
            if len(run.approvals) < self.approvals_needed(view):
                session.payout_runs.replace(run)
            else:
                self._let_go(session, run, checker)
            return found(session, run_id)

        return self._store.run(work)

    def approvals_needed(self, view: RunView) -> int:
        """As many as the configured limits ask for a run of its size."""
        return self._limits.approvals_needed(view.total)

    def _check_covered(self, view: RunView, available: Money | None) -> None:
        if available is None:  # credit that is spent here needs no money anywhere
            return
        reserve = Money.of_minor(self._limits.reserve_minor, available.currency)
        if view.total + reserve > available:
            raise TooLittleAvailable(
                "The run is for %(total)s, and %(left)s are available",
                total=view.total,
                left=available,
                available=available.to_wire(),
                reserve=reserve.to_wire(),
            )

    def _let_go(self, session: Session, run: PayoutRun, checker: StaffId) -> None:
        now = self._clock.now()
        session.payout_runs.replace(
            replace(run, status=RunStatus.EXECUTING, approved_by=checker, approved_at=now)
        )
        session.payout_runs.set_states(
            run.run_id, state=ItemState.APPROVED, was=ItemState.PLANNED, at=now
        )

    def cancel(self, who: StaffId, run_id: PayoutRunId) -> RunView:
        """Send a draft or frozen run back: its requests are open again. Idempotent."""

        def work(session: Session) -> RunView:
            view = found(session, run_id)
            if view.run.status is RunStatus.CANCELLED:
                return view
            view.run.require(RunStatus.DRAFT, RunStatus.FROZEN)
            now = self._clock.now()
            session.payout_runs.replace(replace(view.run, status=RunStatus.CANCELLED, ended_at=now))
            session.payout_runs.set_states(
                run_id, state=ItemState.CANCELLED, was=ItemState.PLANNED, at=now
            )
            session.payout_requests.set_status(
                {item.request_id for item in view.items}, "open", at=now
            )
            session.audit.note(who=who, what="payout_run.cancel", subject=run_id)
            return found(session, run_id)

        return self._store.run(work)

    def retry_item(self, who: StaffId, run_id: PayoutRunId, item_id: PayoutItemId) -> RunView:
        """Send a failed item again, as a new attempt with a key of its own.

        Raises NotFound, RunNotInState; ContentChanged where the worker's account is another now.
        """

        def work(session: Session) -> RunView:
            item = _item(found(session, run_id), item_id)
            if item.state is not ItemState.FAILED:
                raise RunNotInState("The line is %(state)s, not failed", state=item.state)
            payee = session.payees.get(item.worker_id)
            if payee is None or payee.account_id != item.destination:
                raise ContentChanged("The worker's account is another now: cancel the line")
            now = self._clock.now()
            again = replace(item, state=ItemState.APPROVED, tries=0, changed_at=now)
            session.payout_runs.change_item(again, was={ItemState.FAILED})
            session.payout_runs.set_status(run_id, RunStatus.EXECUTING, now)
            session.payout_requests.set_status({item.request_id}, "in_run", at=now)
            session.audit.note(who=who, what="payout_item.retry", subject=item_id, run=run_id)
            return found(session, run_id)

        return self._store.run(work)

    def cancel_item(self, who: StaffId, run_id: PayoutRunId, item_id: PayoutItemId) -> RunView:
        """Give up on a failed item: its money is payable and may be asked for again."""

        def work(session: Session) -> RunView:
            item = _item(found(session, run_id), item_id)
            if item.state is not ItemState.FAILED:
                raise RunNotInState("The line is %(state)s, not failed", state=item.state)
            gone = replace(item, state=ItemState.CANCELLED, changed_at=self._clock.now())
            session.payout_runs.change_item(gone, was={ItemState.FAILED})
            session.exceptions.resolve(f"payout_failed:{item_id}", resolution="cancelled")
            session.audit.note(who=who, what="payout_item.cancel", subject=item_id, run=run_id)
            return found(session, run_id)

        return self._store.run(work)


def found(session: Session, run_id: PayoutRunId) -> RunView:
    """Raises NotFound."""
    run = session.payout_runs.get(run_id)
    if run is None:
        raise NotFound("There is no such payout run")
    return RunView(run, session.payout_runs.items(run_id))


def _item(view: RunView, item_id: PayoutItemId) -> PayoutItem:
    for item in view.items:
        if item.item_id == item_id:
            return item
    raise NotFound("There is no such line in this run")


def _thawed(run: PayoutRun) -> PayoutRun:
    return replace(run, status=RunStatus.DRAFT, content_hash=None, frozen_at=None, approvals=())


def _check_still_payable(session: Session, view: RunView) -> None:
    workers = {item.worker_id for item in view.items}
    payees = session.payees.many(workers)
    payable = payable_of_many(session, workers, view.run.currency)
    held = session.holds.held(workers)
    for item in view.items:
        if item.worker_id in held:
            raise ContentChanged("A payee's earnings are held since", item=item.item_id)
        payee = payees.get(item.worker_id)
        if payee is None or payee.account_id != item.destination or payee.status != "active":
            raise ContentChanged("A payee's account has changed since", item=item.item_id)
        if payable[item.worker_id] < item.gross:
            raise ContentChanged("A line is more than what is payable now", item=item.item_id)
