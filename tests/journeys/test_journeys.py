"""The whole life of a batch, over HTTP alone, on processes that talk by events alone."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from crowdloom.client import Problem, Requester, Worker
from crowdloom.contracts import all_event_types, event_type
from crowdloom.testkit.waiting import until
from crowdloom_local.crowd.checkout import pay_checkout
from crowdloom_local.market import Market
from crowdloom_local.replay.plan import Plan
from crowdloom_local.replay.run import replay, wrong_figures
from crowdloom_local.staff import PASSWORD
from pymongo import MongoClient
from task_service.entrypoints.events import SUBSCRIPTIONS

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]

DATASET = Path(__file__).parents[1] / "data" / "rte_small"
TEMPLATE = '<p>${text}</p><label>Label <input name="label" required></label>'
TERMS = {
    "redundancy": 1,
    "reward": {"amount_minor": 10, "currency": "USD"},
    "lease_seconds": 600,
    "auto_accept_seconds": 86_400,
}
_numbers = count(1)


def new_requester(market: Market, *, funds_minor: int = 0) -> Requester:
    requester = Requester.sign_up(
        market.url,
        email=f"journey{next(_numbers)}@example.org",
        password=PASSWORD,
        name="Journey",
    )
    if funds_minor:
        pay(requester, funds_minor)
    return requester


def pay(requester: Requester, amount_minor: int) -> None:
    before = requester.wallet()["free"]["amount_minor"]
    amount = {"amount_minor": amount_minor, "currency": "USD"}
    pay_checkout(requester.top_up(amount)["checkout_url"])
    until(lambda: requester.wallet()["free"]["amount_minor"] == before + amount_minor)


def new_batch(requester: Requester, *texts: str, **terms: Any) -> str:
    project = requester.create_project(
        title="Journey", description="A journey through it all.", template_html=TEMPLATE
    )
    batch_id: str = requester.create_batch(project["project_id"], **{**TERMS, **terms})["batch_id"]
    table = "text\n" + "".join(f"{text}\n" for text in texts)
    requester.add_csv(batch_id, table.encode())
    return batch_id


def opened(requester: Requester, *texts: str, **terms: Any) -> str:
    batch_id = new_batch(requester, *texts, **terms)
    requester.publish(batch_id)
    until(lambda: requester.batch(batch_id)["status"] == "open")
    return batch_id


def claimed(worker: Worker, batch_id: str) -> Any:
    """An assignment of the batch, once matching-service has heard of it and there is one."""

    def ask() -> Any:
        try:
            return worker.claim(batch_id)
        except Problem as problem:
            if problem.code != "not_found":
                raise
            return None

    return until(ask)


def answered(worker: Worker, batch_id: str, label: str) -> str:
    assignment = claimed(worker, batch_id)
    return str(worker.submit(assignment, [("label", label)])["submission_id"])


@pytest.fixture(scope="session")
def figures(market: Market) -> dict[str, Any]:
    plan = Plan(DATASET, tasks=8, redundancy=3, workers=5, chaos=False, lease_seconds=12)
    found = replay(market, plan)
    return {**found, "wrong": list(wrong_figures(found, plan))}


def test_recorded_answers_go_all_the_way_to_a_reconciled_payout(figures: dict[str, Any]) -> None:
    assert figures["wrong"] == []
    assert figures["accuracy"] >= 0.5


def test_a_batch_that_cannot_be_paid_stays_a_draft_until_it_can(market: Market) -> None:
    requester = new_requester(market, funds_minor=100)
    batch_id = new_batch(requester, *"abcdefghijkl")
    requester.publish(batch_id)
    declined = until(lambda: requester.batch(batch_id)["declined"])
    assert requester.batch(batch_id)["status"] == "draft"
    # Twelve answers at 10 cents and a fee of a fifth: 1.44, of which 0.44 are missing.
    assert declined["code"] == "insufficient_funds"
    assert declined["missing"] == {"amount_minor": 44, "currency": "USD"}
    pay(requester, 100)
    requester.publish(batch_id)
    until(lambda: requester.batch(batch_id)["status"] == "open")
    assert requester.wallet()["free"]["amount_minor"] == 56


def test_a_rejected_answer_is_not_paid_and_its_slot_goes_to_somebody_else(market: Market) -> None:
    requester = new_requester(market, funds_minor=100)
    batch_id = opened(requester, "one")
    first, second = Worker.sign_up(market.url), Worker.sign_up(market.url)
    requester.reject(answered(first, batch_id, "x"), "This is not a label.")
    requester.accept(answered(second, batch_id, "entailed"))
    until(lambda: requester.spend(batch_id)["settled_count"] == 1)
    until(lambda: requester.batch(batch_id)["status"] == "completed")
    assert first.claim(batch_id) is None
    assert first.earnings()["settled_count"] == 0
    assert second.earnings()["settled_count"] == 1
    seen = until(lambda: [one for one in first.work() if one["status"] == "rejected"])
    assert seen[0]["reason"] == "This is not a label."
    assert requester.wallet()["free"]["amount_minor"] == 88


def test_a_cancelled_batch_gives_back_what_nobody_had_begun(market: Market) -> None:
    requester = new_requester(market, funds_minor=120)
    batch_id = opened(requester, *"abcdefghij")
    worker = Worker.sign_up(market.url)
    held = claimed(worker, batch_id)
    requester.api.post(f"/api/tasks/v1/batches/{batch_id}/cancel")
    until(lambda: requester.wallet()["free"]["amount_minor"] == 108)
    assert Worker.sign_up(market.url).claim(batch_id) is None
    # What was begun before is honoured.
    requester.accept(worker.submit(held, [("label", "late")])["submission_id"])
    until(lambda: requester.batch(batch_id)["status"] == "completed")
    until(lambda: worker.earnings()["settled_count"] == 1)
    assert requester.wallet() == {
        **requester.wallet(),
        "free": {"amount_minor": 108, "currency": "USD"},
        "reserved": {"amount_minor": 0, "currency": "USD"},
    }


def test_an_answer_that_nobody_reviews_is_accepted_at_the_announced_time(market: Market) -> None:
    requester = new_requester(market, funds_minor=100)
    batch_id = opened(requester, "one", auto_accept_seconds=0)
    worker = Worker.sign_up(market.url)
    answered(worker, batch_id, "entailed")
    until(lambda: requester.spend(batch_id)["settled_count"] == 1)
    assert requester.batch(batch_id)["counts"]["accepted"] == 1


def test_an_item_given_back_goes_to_somebody_else_and_its_ticket_is_dead(market: Market) -> None:
    requester = new_requester(market, funds_minor=100)
    batch_id = opened(requester, "one")
    first, second = Worker.sign_up(market.url), Worker.sign_up(market.url)
    held = claimed(first, batch_id)
    first.give_back(held["assignment_id"])
    answered(second, batch_id, "entailed")
    with pytest.raises(Problem) as refused:
        first.submit(held, [("label", "after all")])
    assert refused.value.code == "assignment_over"
    assert requester.batch(batch_id)["counts"]["submitted"] == 1


def test_a_lease_that_lapses_opens_its_slot_again(market: Market) -> None:
    requester = new_requester(market, funds_minor=100)
    batch_id = opened(requester, "one", lease_seconds=10)
    first, second = Worker.sign_up(market.url), Worker.sign_up(market.url)
    held = claimed(first, batch_id)
    assert second.claim(batch_id) is None
    answered(second, batch_id, "entailed")
    with pytest.raises(Problem) as refused:
        first.submit(held, [("label", "too late")])
    assert refused.value.code == "lease_expired"
    counts = requester.batch(batch_id)["counts"]
    assert counts["submitted"] == 1


WORKER = re.compile(rb"worker_id|wrk_[0-9a-z]{26}")


def everything_in(database: Any) -> Iterator[tuple[str, bytes]]:
    """(collection, document in words) of all that a service keeps, event bodies included."""
    for name in database.list_collection_names():
        for document in database[name].find():
            yield name, repr(document).encode()


def test_task_service_neither_keeps_nor_says_nor_hears_who_a_worker_is(
    market: Market, figures: dict[str, Any]
) -> None:
    assert figures["accepted"] > 0
    heard = {event_type(cls).name for cls in SUBSCRIPTIONS}
    said = {known.name for known in all_event_types() if known.owner == "task-service"}
    with MongoClient[dict[str, Any]](market.engines.mongodb_uri) as client:
        for collection, words in everything_in(client["task-service"]):
            assert not WORKER.search(words), collection
        spoken = 0
        for service in ("task-service", "matching-service", "payment-service"):
            for row in client[service]["outbox"].find({"type": {"$in": sorted(heard | said)}}):
                spoken += 1
                headers = b"".join(bytes(value) for _, value in row["headers"])
                assert not WORKER.search(bytes(row["value"]) + headers + row["key"].encode())
        # The search finds what it looks for where that may be.
        closed = client["matching-service"]["outbox"].find_one({"topic": "matching.assignments"})
    assert spoken > 0
    assert closed
    assert WORKER.search(bytes(closed["value"]))
