"""A whole month on the service's own code and a database in memory: three requesters, three
currencies, forty workers, what goes well and what does not; closed, opened again, and closed.
"""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from crowdloom.chassis.tokens import new_signing_key
from crowdloom.contracts import Cause, Envelope, Event
from crowdloom.contracts.payment import slot_fee
from crowdloom.contracts.task import BatchCompleted, BatchTotals, BonusGranted
from crowdloom.kernel import Currency, Money
from crowdloom.kernel.ids import BatchId, RequesterId, StaffId, WorkerId
from crowdloom.testkit.memory_mongo import MemoryClient
from crowdloom.testkit.ports import FrozenClock, SequentialIds
from payment_service.application.bank_ports import StatementFile
from payment_service.application.export_journal import Period as Days
from payment_service.bootstrap import Application, build
from payment_service.config import read_settings
from payment_service.domain.audit import Finding
from payment_service.entrypoints.events import SUBSCRIPTIONS

ROOT = Path(__file__).resolve().parents[4]
BEAN_CHECK = Path(sys.executable).parent / "bean-check"
BEGINNING = datetime.fromisoformat("2026-11-01T09:00:00+00:00")
MONTH, LAST_DAY = "2026-11", "2026-11-30"
MAKER, CHECKER = StaffId("stf_maker"), StaffId("stf_checker")
CONTROLLER = StaffId("stf_controller")
REQUESTERS = {"USD": "req_1", "EUR": "req_2", "JPY": "req_3"}
# Minor units: a yen has no smaller one.
PAID_IN = {"USD": 60_000, "EUR": 50_000, "JPY": 90_000}
REWARD = {"USD": 125, "EUR": 99, "JPY": 150}
CAPITAL = {"USD": 100_000, "EUR": 80_000, "JPY": 200_000}
WORKERS = 40
REFUSED, UNKNOWN = WorkerId("wrk_03"), WorkerId("wrk_06")
MAPPING = {"date": "Day", "amount": "Amount", "balance": "Balance", "text": "Text"}


def _processor_class() -> Any:
    """The simulator in this process, as the proofs of money have it."""
    path = ROOT / "proofs" / "money" / "processor.py"
    spec = importlib.util.spec_from_file_location("whole_month_processor", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Processor


def _environment(currency: str) -> dict[str, str]:
    private, public = new_signing_key()
    return {
        "CROWDLOOM_MONGODB_URI": "mongodb://unused",
        "CROWDLOOM_KAFKA_BOOTSTRAP": "unused",
        "CROWDLOOM_PAYMENT_SERVICE_SIGNING_KEY": private,
        "CROWDLOOM_PUBLIC_KEYS": json.dumps({"payment-service": public}),
        "CROWDLOOM_CURSOR_KEY": "a key for a month alone",
        "CROWDLOOM_STRIPE_API_KEY": "sk_test_month",
        "CROWDLOOM_STRIPE_API_BASE": "http://localhost",
        "CROWDLOOM_STRIPE_WEBHOOK_SECRET": "whsec_month",
        "CROWDLOOM_CURRENCY": currency,
        "CROWDLOOM_VAT_RATES": "DE:2020-01-01:1900",
        "CROWDLOOM_PAYOUT_FEES": "stripe:USD:1,stripe:JPY:1,stripe:EUR:1",
        "CROWDLOOM_WITHHOLDING_RATES": "US:2020-01-01:1000",
    }


class Market:
    """One set of books. Each currency has a process of its own, which asks for money in it."""

    def __init__(self, make: Any) -> None:
        self.make, self.clock = make, FrozenClock(BEGINNING)
        self.client, self.ids = MemoryClient(), SequentialIds()
        self.processor = _processor_class()(self.clock, lambda _what: None)
        self.by_currency = {code: self._built(code) for code in REQUESTERS}
        self.app = self.by_currency["USD"]
        self.app.store.migrate_all()
        self._numbers = iter(range(1, 1_000_000))

    def _built(self, currency: str) -> Application:
        return build(
            read_settings(_environment(currency)),
            client=cast("Any", self.client),
            database="payment-service",
            clock=self.clock,
            ids=self.ids,
            processor=self.processor.adapter(),
        )

    @property
    def database(self) -> Any:
        return self.client["payment-service"]

    def at(self, moment: str) -> None:
        """Time goes on to that moment of 2026."""
        later = datetime.fromisoformat(f"2026-{moment}:00+00:00")
        self.clock.advance(seconds=(later - self.clock.now()).total_seconds())

    def deliver(self, *events: Event) -> None:
        envelopes = [
            Envelope(f"evt_{next(self._numbers)}", self.clock.now(), "key", Cause("evt"), event)
            for event in events
        ]

        def work(session: Any) -> None:
            for envelope in envelopes:
                SUBSCRIPTIONS[type(envelope.event)](envelope, session)

        self.app.store.run(work)

    def approve(self, approval: Any) -> None:
        desk = self.app.approvals
        desk.approve(CHECKER, approval.approval_id, seen_hash=approval.content_hash)

    def agree_on(self, kind: str, **payload: Any) -> None:
        """Proposed by one, approved by another."""
        key = f"{kind} {next(self._numbers)}"
        made = self.app.approvals.propose(MAKER, kind, payload=payload, reason="So it is", key=key)
        self.approve(made)

    def run_jobs(self) -> None:
        """What the events process does by itself, until nothing is left to do."""
        for _ in range(6):
            self.clock.advance(seconds=400)
            for application in self.by_currency.values():
                application.execute_payouts()
            self.app.execute_refunds()
            self.app.poll_processor.catch_up()
            self.app.import_statements.book_waiting()
            self.app.pay_waiting_bonuses()

    def come_to_rest(self) -> None:
        """Events are published, the processor is read; a minute later all entries are sealed and
        counted by day.
        """
        self.clock.advance(seconds=61)
        self.app.poll_processor.catch_up()
        self.database["outbox"].update_many({}, {"$unset": {"pending": ""}})
        while self.app.seal_journal() or self.app.derive_balances():
            pass

    def reconcile(self) -> Any:
        asked = self.app.queue_reconciliation(CHECKER, key=f"r {next(self._numbers)}")
        self.app.reconcile()
        return self.app.readers.reconciliations.get(asked["_id"])

    def broken(self) -> list[Finding]:
        return [each for each in self.app.audit_money() if not each.holds]


@pytest.fixture
def market(make: Any) -> Iterator[Market]:
    made = Market(make)
    yield made
    made.processor.close()


def _pay_in(market: Market, code: str, key: str) -> None:
    amount = Money.of_minor(PAID_IN[code], code)
    requester = RequesterId(REQUESTERS[code])
    made = market.by_currency[code].start_top_up(requester, amount, key=key)
    market.processor.pay(made.checkout_id)


def _send_statement(market: Market, code: str, rows: list[tuple[str, str, str, str]]) -> None:
    """Rows of (day, amount, balance after it, text)."""
    lines = [",".join([*row[:3], f'"{row[3]}"']) for row in rows]
    content = "\n".join(["Day,Amount,Balance,Text", *lines, ""]).encode()
    file = StatementFile(f"{code}.csv", content)
    looked = market.app.import_statements.look(MAKER, code.lower(), file)
    market.app.import_statements.confirm(MAKER, looked.file_id)
    market.app.import_statements.book_waiting()


def _major(minor: int, code: str) -> str:
    return str(Money.of_minor(minor, code)).split()[0]


def _open_books(market: Market) -> None:
    """Our own money: what the bank held before its first statement."""
    market.app.set_billed_to(RequesterId(REQUESTERS["EUR"]), "Fir", country="DE")
    for code, minor in CAPITAL.items():
        market.app.put_bank_account(
            MAKER, code.lower(), name=code, number=f"000{code}", currency=code, mapping=MAPPING
        )
        fee = _major(100, code)
        rest = _major(minor - 100, code)
        _send_statement(market, code, [("2026-11-03", f"-{fee}", rest, f"Account fee {code}")])


def _work(market: Market) -> dict[str, int]:
    """Each requester's batch: two answers of each worker, one rejected, a bonus; returns what was
    accepted by currency.
    """
    accepted = dict.fromkeys(REQUESTERS, 0)
    for number, (code, requester) in enumerate(REQUESTERS.items(), start=1):
        batch, reward = f"bat_{number}", Money.of_minor(REWARD[code], code)
        of_batch = {"batch_id": batch, "requester_id": requester}
        slots = 2 * len(range(number, WORKERS + 1, 3)) + 1
        market.deliver(
            market.make.funding(
                batch_id=BatchId(batch),
                requester_id=RequesterId(requester),
                slot_count=slots,
                reward=reward,
                fee=slot_fee(reward),
            )
        )
        for place, worker in enumerate(range(number, WORKERS + 1, 3)):
            for turn in (0, 1):
                slot = number * 1000 + place * 2 + turn
                market.deliver(
                    market.make.claimed(slot, worker_id=f"wrk_{worker:02d}", **of_batch),
                    market.make.accepted(slot, **of_batch, accepted_at=market.clock.now()),
                )
                accepted[code] += 1
        last = number * 1000 + 999
        market.deliver(
            market.make.claimed(last, worker_id="wrk_01", **of_batch),
            market.make.rejected(last, **of_batch),
            BonusGranted(
                bonus_id=f"bns_{number}",
                submission_id=f"sub_{number * 1000:03d}",  # type: ignore[arg-type]
                assignment_id=f"asg_{number * 1000:03d}",  # type: ignore[arg-type]
                batch_id=BatchId(batch),
                requester_id=RequesterId(requester),
                amount=reward,
                reason="Very thorough.",
                granted_at=market.clock.now(),
            ),
            BatchCompleted(
                batch_id=BatchId(batch),
                requester_id=RequesterId(requester),
                completed_at=market.clock.now(),
            ),
            BatchTotals(
                batch_id=BatchId(batch),
                on=f"{market.clock.now():%Y-%m-%d}",
                accepted_count=accepted[code],
                overturned_count=0,
                rewards=reward * accepted[code],
                as_of=market.clock.now(),
            ),
        )
    return accepted


def _pay_out(market: Market) -> None:
    """A run for each currency: one line is refused and given up, one answer is lost."""
    for worker in range(1, WORKERS + 1):
        code = list(REQUESTERS)[(worker - 1) % 3]
        application, worker_id = market.by_currency[code], WorkerId(f"wrk_{worker:02d}")
        payee, _link = application.open_payout_account(worker_id)
        market.processor.set_capability(payee.account_id, "active")
        application.ask_for_payout(worker_id)
        if worker_id == REFUSED:
            market.processor.refuse(payee.account_id, refuse=True)
    for code, application in market.by_currency.items():
        view = application.runs.draft(MAKER, Currency.of(code), key=f"run {code}")
        frozen = application.runs.freeze(MAKER, view.run.run_id)
        seen = str(frozen.run.content_hash)
        if code == "EUR":
            market.processor.strike("lost_answer", path="/v1/transfers", repeats=2)
        application.runs.approve(CHECKER, view.run.run_id, seen_hash=seen)
        while application.execute_payouts():
            pass
    unknown = market.app.readers.exceptions.listed(10, kind="unknown_outcome")
    assert len(unknown) == 1, "an answer was lost: nobody knows until it is looked up"
    market.run_jobs()
    (failed,) = market.app.readers.payout_runs.failed_items(10)
    market.app.runs.cancel_item(MAKER, failed.run_id, failed.item_id)


def _refund(market: Market) -> None:
    """What the first requester did not spend, in part."""
    amount = Money.of_minor(5_000, "USD")
    asked = market.app.ask_refund(RequesterId("req_1"), amount, key="back")
    market.agree_on("refund", refund_id=asked.refund_id)
    market.run_jobs()


def _settle_bank_fees(market: Market) -> None:
    """Two people take the banks' own fees as a loss, and what is given back out of it."""
    waiting = market.app.readers.exceptions.listed(20, kind="unmatched_bank_line")
    assert len(waiting) == len(CAPITAL)
    for each in waiting:
        market.agree_on("write_off", exception_id=each["_id"])


def _trial_is_zero(market: Market) -> None:
    sums: dict[str, int] = dict.fromkeys(REQUESTERS, 0)
    for row in market.app.journal.trial_balance():
        sums[row.currency.code] += row.signed
    assert sums == dict.fromkeys(REQUESTERS, 0)
    taxed = {row.path for row in market.app.journal.trial_balance() if ":tax:" in row.path}
    assert {"liability:tax:vat:DE:EUR", "liability:tax:withheld:US:JPY"} <= taxed


def _check_beans(market: Market, folder: Path) -> None:
    days = Days(date(2026, 11, 1), date(2026, 12, 31))
    export = market.app.export_journal(CHECKER, "beancount", days)
    path = folder / "books.beancount"
    path.write_bytes(b"".join(export.pieces))
    done = subprocess.run([BEAN_CHECK, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _close(market: Market, key: str) -> Any:
    market.app.periods.soft_close(CONTROLLER, MONTH)
    late: Callable[[], Any] = market.reconcile
    result = late()
    assert (result["unreconciled_minor"], result["differences"]) == (0, []), result
    market.come_to_rest()
    view = market.app.periods.show(MONTH)
    assert view.is_ready, [each for each in view.checks if each.binds and not each.holds]
    propose = market.app.periods.propose_close
    market.approve(propose(CONTROLLER, MONTH, reason="The month is over", key=key))
    return market.app.periods.show(MONTH).closing


def test_a_month_with_all_that_happens_closes_at_zero_is_opened_again_and_closes_again(
    market: Market, tmp_path: Path
) -> None:
    _open_books(market)
    for code in REQUESTERS:
        _pay_in(market, code, "first")
    market.run_jobs()
    market.at("11-10T10:00")
    accepted = _work(market)
    assert sum(accepted.values()) == 2 * WORKERS
    market.run_jobs()
    market.at("11-20T10:00")
    _pay_out(market)
    _refund(market)
    _settle_bank_fees(market)
    market.at("11-30T20:00")
    for code, minor in CAPITAL.items():
        row = (LAST_DAY, _major(100, code), _major(minor, code), "The fee, given back")
        _send_statement(market, code, [row])
    _settle_bank_fees(market)
    # Paid on the last day, heard of in the next month, when the old one is closed softly.
    _pay_in(market, "EUR", "late")
    market.at("12-01T08:00")
    first = _close(market, "first")
    late = market.database["journal"].find_one({"code": "topup", "period": "2026-12"})
    assert late["effective_on"] == LAST_DAY
    market.come_to_rest()
    assert market.broken() == []

    reopen = market.app.periods.propose_reopen
    market.approve(reopen(CONTROLLER, MONTH, reason="An invoice was forgotten", key="reopen"))
    amount = Money.of_minor(700, "USD").to_wire()
    lines = [
        {"account": "expense:goodwill:USD", "side": "debit", "amount": amount},
        {"account": "liability:requester:req_1:wallet:USD", "side": "credit", "amount": amount},
    ]
    market.agree_on("manual_entry", lines=lines, effective_on="2026-11-28")
    second = _close(market, "second")
    assert first["trial_hash"] != second["trial_hash"]
    assert market.database["journal"].count_documents({"period": MONTH}) == second["entry_count"]

    market.clock.advance(seconds=timedelta(days=1).total_seconds())
    market.come_to_rest()
    assert market.broken() == []
    _trial_is_zero(market)
    sent = [each["metadata"]["payout_item"] for each in market.processor.transfers()["transfers"]]
    assert len(sent) == len(set(sent)) == WORKERS - 1, "everybody once, but who was refused"
    assert market.app.readers.exceptions.listed(10) == []
    _check_beans(market, tmp_path)
