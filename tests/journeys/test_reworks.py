"""An answer that is sent back, through all four services: done again by its worker, paid once."""

import pytest
from crowdloom.client import Requester, Worker
from crowdloom.testkit.waiting import until
from crowdloom_local.crowd.checkout import pay_checkout
from crowdloom_local.market import Market
from crowdloom_local.staff import PASSWORD

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]

TEMPLATE = '<p>${text}</p><label>Label <input name="label" required></label>'
TEN_CENTS = {"amount_minor": 10, "currency": "USD"}
FUNDS = {"amount_minor": 500, "currency": "USD"}


@pytest.fixture
def requester(market: Market) -> Requester:
    made = Requester.sign_up(
        market.url, email="rework@example.org", password=PASSWORD, name="Rework"
    )
    pay_checkout(made.top_up(FUNDS)["checkout_url"])
    until(lambda: made.wallet()["free"] == FUNDS)
    return made


def test_an_answer_sent_back_is_done_again_by_its_worker_and_paid_once(
    market: Market, requester: Requester
) -> None:
    project = requester.create_project(
        title="Labels", description="Label a text.", template_html=TEMPLATE
    )
    batch_id = requester.create_batch(project["project_id"], reward=TEN_CENTS)["batch_id"]
    requester.add_csv(batch_id, b"text\none\n")
    requester.publish(batch_id)
    until(lambda: requester.batch(batch_id)["status"] == "open")
    worker, other = Worker.sign_up(market.url), Worker.sign_up(market.url)
    until(lambda: any(one["batch_id"] == batch_id for one in worker.queue()))
    assignment = until(lambda: worker.claim(batch_id))
    first = worker.submit(assignment, [("label", "first")])["submission_id"]

    returned = requester.send_back(first, "Look at the second word.")
    again = until(
        lambda: next(
            (
                one
                for one in worker.held()
                if one["assignment_id"] == returned["rework_assignment_id"]
            ),
            None,
        )
    )
    assert other.claim(batch_id) is None
    held = worker.take_up(again["assignment_id"])
    assert worker.load(held)["note"] == "Look at the second word."
    second = worker.submit(held, [("label", "second")])["submission_id"]
    requester.accept(second)

    until(lambda: requester.batch(batch_id)["status"] == "completed")
    until(lambda: requester.spend(batch_id)["settled_count"] == 1)
    assert worker.earnings()["settled_count"] == 1
    assert requester.wallet()["free"] == {"amount_minor": 488, "currency": "USD"}
    words = {one["assignment_id"]: one["status"] for one in worker.work()}
    assert words[assignment["assignment_id"]] == "sent_back"
