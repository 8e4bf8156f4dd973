"""How many calls to the processor it takes to pay accepted work: a transfer a worker, not a task.

By the environment: ACCEPTS (100,000) and WORKERS (500). The store is in memory and the simulator in
this process: what is counted is calls, not time.
"""

import os
from collections import Counter
from collections.abc import Mapping

from crowdloom.kernel import Money
from crowdloom.kernel.ids import StaffId, WorkerId
from crowdloom.testkit.memory_mongo import MemoryClient
from crowdloom.testkit.ports import FrozenClock
from payment_service.bootstrap import Application

from bench.ledger import VoidRun, deliver, fund, work
from bench.payment_engine import payment
from proofs.money.processor import Processor

_TOGETHER = 100
_PAID_IN_MINOR = 900_000


def run() -> Mapping[str, object]:
    """Returns every figure. Raises VoidRun where somebody was not paid."""
    accepts = int(os.environ.get("ACCEPTS", "100000"))
    workers = int(os.environ.get("WORKERS", "500"))
    calls: Counter[str] = Counter()
    clock = FrozenClock()
    client = MemoryClient()
    counting = payment(client, on_call=lambda what: calls.update([what]), clock=clock)
    with counting as (application, processor):
        _pay_in(application, processor, clock)
        fund(application, accepts)
        for start in range(0, accepts, _TOGETHER):
            numbers = range(start, min(start + _TOGETHER, accepts))
            deliver(application, [e for n in numbers for e in work(n, workers=workers)])
        _ask(application, processor, workers)
        before = calls["stripe post"]
        _pay_out(application, clock)
        made = calls["stripe post"] - before
        transfers = processor.transfers()["count"]
    figures = {"accepted": accepts, "workers": workers, "calls": made, "transfers": transfers}
    for name, value in figures.items():
        print(f"{name:<28} {value}", flush=True)
    if transfers != workers:
        raise VoidRun(f"{transfers} of {workers} workers were paid")
    return figures


def _pay_in(application: Application, processor: Processor, clock: FrozenClock) -> None:
    """So that the processor holds what is paid out."""
    amount = Money.of_minor(_PAID_IN_MINOR, application.currency)
    processor.charge_a_stranger("top_bench", amount)
    clock.advance(seconds=4_000)
    application.poll_processor.catch_up()


def _ask(application: Application, processor: Processor, workers: int) -> None:
    for number in range(workers):
        worker = WorkerId(f"wrk_{number}")
        application.open_payout_account(worker)
        payee = application.show_money.payee(worker)
        if payee is not None and payee.account_id is not None:
            processor.set_capability(payee.account_id, "active")
        application.ask_for_payout(worker)


def _pay_out(application: Application, clock: FrozenClock) -> None:
    maker, checker = StaffId("stf_maker"), StaffId("stf_checker")
    run_id = application.runs.draft(maker, application.currency, key="bench").run.run_id
    frozen = application.runs.freeze(maker, run_id).run
    application.runs.approve(checker, run_id, seen_hash=str(frozen.content_hash))
    while application.execute_payouts():
        clock.advance(seconds=1)
    application.poll_processor.catch_up()
