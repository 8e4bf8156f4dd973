"""Replay: the recorded answers of a data set through the whole life of a batch, over HTTP."""

import csv
import io
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from crowdloom.client import Problem, Requester, Staff, Worker
from crowdloom.client.api import Json

from crowdloom_local.crowd.answers import Dataset, RecordedAnswers
from crowdloom_local.crowd.checkout import pay_checkout
from crowdloom_local.crowd.workers import Habits, SimulatedWorker
from crowdloom_local.market import Market
from crowdloom_local.replay.chaos import Chaos
from crowdloom_local.replay.figures import figures_of, lost
from crowdloom_local.replay.plan import (
    DECISIONS_MAX,
    FIELD,
    STEP_SECONDS_MAX,
    TASK_COLUMN,
    Plan,
    ReplayFailed,
    console,
    wait_for,
)
from crowdloom_local.staff import PASSWORD, add_staff, open_books

CURRENCY = "USD"
REWARD_MINOR = 5
REWARD = {"amount_minor": REWARD_MINOR, "currency": "USD"}
# We bear the processor's fee on what is paid in: of a smaller sum it would eat workers' rewards.
TOP_UP_MINOR_MIN = 1_000
DUPLICATE_EVERY = 20
LOST_TRANSFER_ANSWER = {
    "kind": "lost_answer",
    "method": "POST",
    "path": "/v1/transfers",
    "count": 1,
    # The package's own two retries are lost as well: otherwise it would hide the fault from us.
    "repeats": 2,
}
_AUTO_ACCEPT_SECONDS = 86_400
_REVIEW_PAUSE_SECONDS = 0.4
_ANSWER_LOST, _TRY_AGAIN = "answer_lost", "try_again"
_DECIDED_AT_ONCE_MAX = 50
"""In one transaction: on a machine with much else to do, more would take longer than one may."""

TEMPLATE = f"""<h1>Item ${{{TASK_COLUMN}}}</h1>
<p><label>Your answer <input name="{FIELD}" required></label></p>"""


def run_fresh(plan: Plan, *, kafka_nodes: int = 0) -> tuple[Json, list[str]]:
    """Replay on a market made for it and removed after it.

    Returns the figures and what is wrong with them. A market whose figures are wrong, or that
    failed, leaves its folder behind for a look at its logs.
    """
    folder = Path(tempfile.mkdtemp(prefix="crowdloom-replay-"))
    overrides = {"CROWDLOOM_CHAOS_DUPLICATE_EVERY": str(DUPLICATE_EVERY)} if plan.chaos else {}
    try:
        with Market(folder, overrides=overrides, kafka_nodes=kafka_nodes) as market:
            console.print(f"market: {market.url} on {market.engines.description}")
            figures = replay(market, plan)
    except BaseException:
        console.print(f"the market's logs are in {folder / 'logs'}")
        raise
    faults = list(wrong_figures(figures, plan))
    if faults:
        console.print(f"the market's logs are in {folder / 'logs'}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return figures, faults


def wrong_figures(figures: Json, plan: Plan) -> Iterator[str]:
    """Every equality of the replay that does not hold."""
    wanted = plan.tasks * plan.redundancy
    expected = {
        "submitted": wanted,
        "accepted": wanted,
        "settled": wanted,
        "paid_minor": figures["owed_minor"],
        "owed_minor": wanted * REWARD_MINOR,
        "ledger_sum": 0,
        "unreconciled_minor": 0,
        "audit_failures": 0,
        "over_assigned": 0,
        "same_worker_twice": 0,
        "lost_acknowledged": 0,
    }
    for name, value in expected.items():
        if figures[name] != value:
            yield f"{name} is {figures[name]}, expected {value}"
    if figures["claimed"] < wanted:
        yield f"claimed is {figures['claimed']}, expected at least {wanted}"
    if figures["processor_transfers"] > plan.workers:
        yield f"{figures['processor_transfers']} transfers for {plan.workers} workers"


def replay(market: Market, plan: Plan, faults_of: Callable[[Market], Chaos] | None = None) -> Json:
    """Run the whole life of a batch and return the figures, all read back from the market.

    `faults_of` makes other faults than the plan's.
    """
    began = time.monotonic()
    dataset = Dataset(plan.dataset)
    requester = _funded_requester(market, plan)
    batch_id = _published_batch(requester, dataset, plan)
    chaos = faults_of(market) if faults_of else None
    if plan.faulty:
        chaos = Chaos(market, everything=plan.chaos, broker_node=plan.kill_a_node)
    crowd = _work_and_review(market, requester, batch_id, dataset=dataset, plan=plan, chaos=chaos)
    wait_for("every answer to be settled", lambda: _all_settled(requester, batch_id, plan))
    staff, run = _pay_out(market, crowd, plan)
    return {
        **figures_of(staff, requester, batch_id, run=run, plan=plan, dataset=dataset),
        "lost_acknowledged": lost(requester, batch_id, crowd),
        **({"chaos": chaos.log} if chaos else {}),
        "seconds": round(time.monotonic() - began, 1),
    }


def _funded_requester(market: Market, plan: Plan) -> Requester:
    console.print("requester: signing up and paying in")
    requester = Requester.sign_up(
        market.url,
        email="replay@example.org",
        password=PASSWORD,
        name="Replay",
    )
    needed_minor = plan.tasks * plan.redundancy * REWARD_MINOR * 6 // 5 + 1
    amount = {"amount_minor": max(needed_minor, TOP_UP_MINOR_MIN), "currency": "USD"}
    top_up = requester.top_up(amount)
    pay_checkout(top_up["checkout_url"])
    wait_for("the top-up to be booked", lambda: requester.wallet()["free"] == amount)
    return requester


def _published_batch(requester: Requester, dataset: Dataset, plan: Plan) -> str:
    project = requester.create_project(
        title=f"Replay of {plan.dataset.name}",
        description="Recorded answers of real workers.",
        template_html=TEMPLATE,
    )
    batch = requester.create_batch(
        project["project_id"],
        redundancy=plan.redundancy,
        reward=REWARD,
        lease_seconds=plan.lease_seconds,
        auto_accept_seconds=_AUTO_ACCEPT_SECONDS,
    )
    batch_id: str = batch["batch_id"]
    requester.add_csv(batch_id, _table(dataset.tasks(plan.tasks, plan.redundancy)))
    requester.publish(batch_id)
    wait_for("the batch to open", lambda: requester.batch(batch_id)["status"] == "open")
    return batch_id


def _table(tasks: list[str]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([TASK_COLUMN])
    writer.writerows([task] for task in tasks)
    return text.getvalue().encode()


def _work_and_review(
    market: Market,
    requester: Requester,
    batch_id: str,
    *,
    dataset: Dataset,
    plan: Plan,
    chaos: Chaos | None,
) -> list[SimulatedWorker]:
    """Have the crowd answer while the requester accepts; ends when every slot is accepted."""
    answers = RecordedAnswers(dataset, task_column=TASK_COLUMN, field=FIELD)
    habits = Habits(
        think_seconds=(0.2, 1.5) if plan.chaos else (0.0, 0.02),
        return_share=0.02,
        lapse_share=0.005,
    )
    stop = threading.Event()

    def finished() -> bool:
        return stop.is_set()

    with ThreadPoolExecutor(plan.workers + 1) as pool:
        crowd = list(
            pool.map(
                lambda seed: SimulatedWorker(
                    Worker.sign_up(market.url),
                    answers=answers,
                    habits=habits,
                    seed=seed,
                    batch_id=batch_id,
                ),
                range(plan.workers),
            )
        )
        console.print(f"crowd: {len(crowd)} workers signed up")
        working = [pool.submit(worker.work, stop=stop, finished=finished) for worker in crowd]
        try:
            _review_until_done(requester, batch_id, plan, chaos=chaos, working=working)
        finally:
            stop.set()
        for work in working:
            work.result()
    return crowd


def _review_until_done(
    requester: Requester,
    batch_id: str,
    plan: Plan,
    *,
    chaos: Chaos | None,
    working: Sequence["Future[None]"],
) -> None:
    wanted = plan.tasks * plan.redundancy
    deadline = time.monotonic() + STEP_SECONDS_MAX + (STEP_SECONDS_MAX if chaos else 0)
    shown = -1
    while True:
        _accept_all(requester, batch_id)
        accepted = requester.batch(batch_id)["counts"]["accepted"]
        if accepted // 50 != shown:
            shown = accepted // 50
            console.print(f"accepted {accepted} of {wanted}")
        if chaos:
            chaos.advance(accepted / wanted)
        if accepted >= wanted and (chaos is None or chaos.over):
            return
        for gone in (work for work in working if work.done()):
            # Whoever left before the end fell over something: say what, at once.
            gone.result()
        if time.monotonic() > deadline:
            raise ReplayFailed(f"only {accepted} of {wanted} answers were accepted in time")
        time.sleep(_REVIEW_PAUSE_SECONDS)


def _accept_all(requester: Requester, batch_id: str) -> None:
    waiting = [
        {"submission_id": submission["submission_id"], "decision": "accept"}
        for submission in requester.submissions(batch_id, status="submitted", limit=DECISIONS_MAX)
    ]
    for start in range(0, len(waiting), _DECIDED_AT_ONCE_MAX):
        try:
            requester.review(batch_id, waiting[start : start + _DECIDED_AT_ONCE_MAX])
        except Problem as problem:
            # It took effect before the server was killed, or the database had no time for it: what
            # is still waiting is seen next time, until the run's own deadline.
            if problem.code not in (_ANSWER_LOST, _TRY_AGAIN):
                raise


def _all_settled(requester: Requester, batch_id: str, plan: Plan) -> bool:
    settled: int = requester.spend(batch_id)["settled_count"]
    return settled >= plan.tasks * plan.redundancy


def _pay_out(market: Market, crowd: list[SimulatedWorker], plan: Plan) -> tuple[Staff, Json]:
    console.print("payout: workers ask, the maker drafts and freezes, the checker approves")
    earners = [worker for worker in crowd if worker.worker.earnings()["settled_count"]]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(SimulatedWorker.ask_for_payout, earners))
    # The processor says in its own time that an account is ready; a run takes nobody else.
    wait_for("every payout account to be active", lambda: all(map(_can_be_paid, earners)))
    maker = add_staff(market, "maker@example.org", ["finance.view", "finance.maker"])
    checker = add_staff(
        market, "checker@example.org", ["finance.view", "finance.checker", "operator"]
    )
    open_books(maker, checker)
    if plan.chaos:
        market.simulate_fault(LOST_TRANSFER_ANSWER)
    run_id = maker.draft_payout_run()["payout_run_id"]
    frozen = maker.freeze(run_id)
    checker.approve(run_id, frozen["content_hash"])
    wait_for(
        "the payout run to complete",
        lambda: checker.payout_run(run_id)["status"].startswith("completed"),
    )
    return checker, checker.payout_run(run_id)


def _can_be_paid(earner: SimulatedWorker) -> bool:
    status: str = earner.worker.payout_account()["status"]
    return status == "active"
