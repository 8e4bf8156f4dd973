"""Who is in the next payout run, who is left out and why, and what an approver should look at."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, Currency, IdFactory, Money
from crowdloom.kernel.ids import PayoutItemId, PayoutRunId, WorkerId

from payment_service.application.ask_payout import payable_of_many
from payment_service.application.ports import Session
from payment_service.domain.deductions import Deductions, PayoutRules
from payment_service.domain.payouts import PayoutItem, Rail, kept_of, total_of
from payment_service.domain.people import Payee, PayoutRequest

ITEMS_PER_RUN_MAX = 500
OUTLIER_TIMES = 5
LARGEST_SHOWN = 10


@dataclass(frozen=True)
class RunLimits:
    """Minor units: the smallest payout, the totals from which two and three have to approve (0:
    never), and what is to stay where the money comes from. Account details that are younger than
    `details_days` are left out.
    """

    minimum_minor: int
    second_approval_minor: int = 0
    third_approval_minor: int = 0
    reserve_minor: int = 0
    details_days: int = 0

    def approvals_needed(self, total: Money) -> int:
        """One more from each of the totals on."""
        steps = (self.second_approval_minor, self.third_approval_minor)
        return 1 + sum(bool(step) and total.minor >= step for step in steps)


@dataclass(frozen=True)
class Plan:
    """`left_out` counts those who asked and cannot be paid now, by reason: suspended, held,
    no_account, details_too_new, too_little, less_than_fee.
    """

    items: Sequence[PayoutItem]
    left_out: Mapping[str, int]


@dataclass(frozen=True)
class Marks:
    """What is unusual about the payees of a run, compared with when each was paid last."""

    new: Collection[WorkerId]
    changed_account: Collection[WorkerId]
    outlier: Collection[WorkerId]


@dataclass(frozen=True)
class RunPreview:
    """What a draft made now would hold: `kept` are fees and tax withheld, beside the total that is
    sent; `largest` are its ten largest lines.
    """

    rail: Rail
    total: Money
    kept: Money
    item_count: int
    largest: Sequence[PayoutItem]
    left_out: Mapping[str, int]
    marks: Marks

    @property
    def left_out_count(self) -> int:
        return sum(self.left_out.values())


class PlanRuns:
    def __init__(
        self,
        store: Store[Session],
        *,
        clock: Clock,
        ids: IdFactory,
        limits: RunLimits,
        rules: PayoutRules,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._limits = limits
        self._rules = rules

    def preview(self, currency: Currency, rail: Rail = Rail.STRIPE) -> RunPreview:
        """Writes nothing."""

        def work(session: Session) -> RunPreview:
            plan = self.plan(session, PayoutRunId("preview"), currency, rail=rail)
            return RunPreview(
                rail=rail,
                total=total_of(plan.items, currency),
                kept=kept_of(plan.items, currency),
                item_count=len(plan.items),
                largest=largest(plan.items),
                left_out=plan.left_out,
                marks=marks_of(plan.items, last_paid(session, plan.items)),
            )

        return self._store.run(work)

    def plan(
        self, session: Session, run_id: PayoutRunId, currency: Currency, *, rail: Rail
    ) -> Plan:
        """A line for everybody who asked, is paid by this rail and can be paid now."""
        requests = session.payout_requests.all_open(ITEMS_PER_RUN_MAX)
        workers = {request.worker_id for request in requests}
        payees = session.payees.many(workers)
        payable = payable_of_many(session, workers, currency)
        held = session.holds.held(workers)
        suspended = session.suspensions.suspended(workers)
        items, left_out = [], Counter[str]()
        for request in requests:
            payee = payees.get(request.worker_id)
            if payee is None or payee.rail is not rail:
                continue
            today = self._clock.now().date()
            taken = self._rules.of(payee, payable[request.worker_id], today)
            reason = self._hindrance(payee, taken)
            if request.worker_id in held:
                reason = "held"
            if request.worker_id in suspended:
                reason = "suspended"
            if reason is None:
                items.append(self._item(run_id, request, payee, taken=taken))
            else:
                left_out[reason] += 1
        return Plan(items, left_out)

    def _hindrance(self, payee: Payee, taken: Deductions) -> str | None:
        if payee.account_id is None or payee.status != "active":
            return "no_account"
        old_enough = self._clock.now() - timedelta(days=self._limits.details_days)
        if payee.details_at is not None and payee.details_at > old_enough:
            return "details_too_new"
        if taken.gross.minor < max(self._limits.minimum_minor, 1):
            return "too_little"
        return "less_than_fee" if taken.arrives.minor < 1 else None

    def _item(
        self, run_id: PayoutRunId, request: PayoutRequest, payee: Payee, *, taken: Deductions
    ) -> PayoutItem:
        return PayoutItem(
            item_id=PayoutItemId(self._ids.new("payout_item")),
            run_id=run_id,
            worker_id=request.worker_id,
            request_id=request.request_id,
            destination=payee.account_id or "",
            amount=taken.arrives,
            rail=payee.rail,
            fee_units=taken.fee.units,
            withheld_units=taken.withheld.units,
            tax_country=taken.country,
        )


def last_paid(session: Session, items: Sequence[PayoutItem]) -> Mapping[WorkerId, PayoutItem]:
    return session.payout_runs.last_paid({item.worker_id for item in items})


def marks_of(items: Sequence[PayoutItem], last: Mapping[WorkerId, PayoutItem]) -> Marks:
    """An outlier gets far more than last time: worth a look before it is approved."""
    known = [(item, last[item.worker_id]) for item in items if item.worker_id in last]
    return Marks(
        new={item.worker_id for item in items if item.worker_id not in last},
        changed_account={n.worker_id for n, old in known if n.destination != old.destination},
        outlier={
            n.worker_id for n, old in known if n.amount.units > OUTLIER_TIMES * old.amount.units
        },
    )


def largest(items: Sequence[PayoutItem]) -> Sequence[PayoutItem]:
    by_amount = sorted(items, key=lambda item: (-item.amount.units, item.item_id))
    return by_amount[:LARGEST_SHOWN]
