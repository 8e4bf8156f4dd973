"""A rejection contested, through all four services: a neutral person decides, and it is paid."""

from typing import Any

import pytest
from crowdloom.client import Problem, Requester, Worker
from crowdloom.testkit.waiting import until
from crowdloom_local.crowd.checkout import pay_checkout
from crowdloom_local.market import Market
from crowdloom_local.staff import PASSWORD, add_staff

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]

APPEALS = "/api/workers/v1/appeals"
TEMPLATE = '<p>${text}</p><label>Label <input name="label" required></label>'
TEN_CENTS = {"amount_minor": 10, "currency": "USD"}
FUNDS = {"amount_minor": 500, "currency": "USD"}


def claimed(worker: Worker, batch_id: str) -> Any:
    """An assignment of the batch, once matching-service has heard of it and there is one."""

    def one() -> Any:
        try:
            return worker.claim(batch_id)
        except Problem as problem:
            if problem.code != "not_found":
                raise
            return None

    return until(one)


@pytest.fixture
def requester(market: Market) -> Requester:
    made = Requester.sign_up(
        market.url, email="appealed@example.org", password=PASSWORD, name="Appealed"
    )
    pay_checkout(made.top_up(FUNDS)["checkout_url"])
    until(lambda: made.wallet()["free"] == FUNDS)
    return made


def status_of(worker: Worker) -> str:
    """What became of the one item, "" until it is known to worker-service."""
    return next((str(item["status"]) for item in worker.work()), "")


def test_an_upheld_appeal_overturns_the_rejection_and_pays_the_worker_once(
    market: Market, requester: Requester
) -> None:
    project = requester.create_project(
        title="Labels", description="Label a text.", template_html=TEMPLATE
    )
    batch_id = requester.create_batch(project["project_id"], reward=TEN_CENTS)["batch_id"]
    requester.add_csv(batch_id, b"text\none\n")
    requester.publish(batch_id)
    until(lambda: requester.batch(batch_id)["status"] == "open")
    worker = Worker.sign_up(market.url)
    assignment = claimed(worker, batch_id)
    submission_id = worker.submit(assignment, [("label", "right")])["submission_id"]
    requester.reject(submission_id, "It is wrong.", reopen=False)
    until(lambda: status_of(worker) == "rejected")

    assignment_id = assignment["assignment_id"]
    statement = {"assignment_id": assignment_id, "statement": "It follows rule two."}
    assert worker.api.post(APPEALS, statement)["status"] == "open"
    reviewer = add_staff(market, "reviewer@example.org", ["operator"])
    waiting = reviewer.api.get(APPEALS)["appeals"]
    assert assignment_id in [one["assignment_id"] for one in waiting]
    evidence = reviewer.api.call("GET", f"/operator/answers/{assignment_id}").text
    assert ("right" in evidence, worker.worker_id in evidence) == (True, False)
    verdict = {"upheld": True, "reason": "Rule two allows it."}
    reviewer.api.post(f"{APPEALS}/{assignment_id}/decision", verdict)

    until(lambda: status_of(worker) == "settled")
    assert worker.earnings()["settled_count"] == 1
    assert "Payable" in worker.api.call("GET", f"/pay/fragments/rewards/{assignment_id}").text
    [submission] = requester.submissions(batch_id)
    assert (submission["status"], submission["decided_by"]) == ("accepted", "appeal")
    # Ten cents and the fee of two, once, from the wallet: the slot's own money had come back.
    until(lambda: requester.wallet()["free"] == {"amount_minor": 488, "currency": "USD"})
