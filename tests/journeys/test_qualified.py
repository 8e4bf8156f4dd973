"""Qualifications and talk through the services: by a test, by hand, an answer that comes back."""

from typing import Any

import pytest
from crowdloom.client import HttpApi, Problem, Requester, Worker
from crowdloom.testkit.waiting import until
from crowdloom_local.crowd.checkout import pay_checkout
from crowdloom_local.market import Market
from crowdloom_local.staff import PASSWORD

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]

TASKS, WORKERS = "/api/tasks/v1", "/api/workers/v1"
TEMPLATE = '<p>${text}</p><label>Label <input name="label" required></label>'
FUNDS = {"amount_minor": 500, "currency": "USD"}
TREES = {
    "name": "Tree names",
    "description": "You tell firs from spruces.",
    "questions": [{"name": "q1", "text": "Flat needles?", "choices": ["fir", "spruce"]}],
    "answer_key": {"q1": ["fir"]},
}


def held(worker: Worker, qualification_id: str) -> bool | None:
    """Whether the worker has it; None until worker-service knows that there is such a thing."""
    try:
        found = worker.api.get(f"{WORKERS}/qualifications/{qualification_id}")
    except Problem as problem:
        if problem.code != "not_found":
            raise
        return None
    return bool(found["is_held"])


def claimed(worker: Worker, batch_id: str) -> Any:
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
    made = Requester.sign_up(market.url, email="trees@example.org", password=PASSWORD, name="Trees")
    pay_checkout(made.top_up(FUNDS)["checkout_url"])
    until(lambda: made.wallet()["free"] == FUNDS)
    return made


def test_a_worker_is_qualified_by_a_test_and_by_hand_and_hears_what_was_answered(
    market: Market, requester: Requester
) -> None:
    trees = requester.api.post(f"{TASKS}/qualifications", TREES)["qualification_id"]
    maps = requester.api.post(
        f"{TASKS}/qualifications", {"name": "Maps", "description": "Good with maps."}
    )["qualification_id"]
    worker = Worker.sign_up(market.url)
    until(lambda: held(worker, trees) is False)
    tried = worker.api.post(f"{WORKERS}/qualifications/{trees}/test", {"answers": {"q1": "fir"}})
    assert (tried["passed"], held(worker, trees)) == (True, True)

    project = requester.create_project(
        title="Trees", description="Name a tree.", template_html=TEMPLATE
    )
    batch_id = requester.create_batch(
        project["project_id"], reward={"amount_minor": 5, "currency": "USD"}, redundancy=1
    )["batch_id"]
    requester.add_csv(batch_id, b"text\none\n")
    requester.publish(batch_id)
    assignment = claimed(worker, batch_id)
    ticket = HttpApi(market.url, assignment["ticket"])
    talk = f"{TASKS}/assignments/{assignment['assignment_id']}/talk"
    asked = ticket.post(talk, {"text": "Does a larch count?", "about_item": True})
    answer = {"text": "Yes, it does.", "answers": asked["message_id"], "pinned": True}
    requester.api.post(f"{TASKS}/batches/{batch_id}/talk", answer)
    assert [one["text"] for one in ticket.get(talk)["items"]] == [asked["text"], answer["text"]]
    until(lambda: answer["text"] in worker.api.call("GET", "/work/talk").text)

    worker.submit(assignment, [("label", "larch")])
    [submission] = requester.submissions(batch_id)
    given = {"pseudonym": submission["pseudonym"]}
    requester.api.post(f"{TASKS}/qualifications/{maps}/grants", given)
    until(lambda: held(worker, maps))
    taken = {**given, "reason": "It was the wrong map."}
    requester.api.post(f"{TASKS}/qualifications/{maps}/revocations", taken)
    until(lambda: held(worker, maps) is False)
    assert worker.worker_id not in str(requester.api.get(f"{TASKS}/qualifications/{maps}/grants"))
