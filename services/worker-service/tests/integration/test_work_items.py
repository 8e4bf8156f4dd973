from collections.abc import Callable
from itertools import permutations
from types import ModuleType
from typing import Any

import pytest
from crowdloom.chassis.tokens import Principal
from flask.testing import FlaskClient
from worker_service.bootstrap import SESSION_LIFETIME, Application

V1 = "/api/workers/v1"
Deliver = Callable[..., None]


def as_worker(application: Application, worker_id: str = "wrk_1") -> dict[str, str]:
    token = application.sessions.issue(Principal("worker", worker_id), lifetime=SESSION_LIFETIME)
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def work(api: FlaskClient, application: Application) -> Callable[..., dict[str, Any]]:
    def read(worker_id: str = "wrk_1", **query: Any) -> dict[str, Any]:
        headers = as_worker(application, worker_id)
        answer = api.get(f"{V1}/work", query_string=query, headers=headers)
        assert answer.status_code == 200, answer.json
        page: dict[str, Any] = answer.json
        return page

    return read


Work = Callable[..., dict[str, Any]]


def test_an_item_goes_from_claim_to_pay(make: ModuleType, deliver: Deliver, work: Work) -> None:
    deliver(make.opened(), make.released())
    for event, status in [
        (make.claimed(), "claimed"),
        (make.submitted(), "submitted"),
        (make.accepted(), "accepted"),
        (make.settled(), "settled"),
    ]:
        deliver(event)
        [item] = work()["items"]
        assert item["status"] == status
    assert item["title"] == "Does the second sentence follow?"
    assert item["reward"] == {"amount_minor": 5, "currency": "USD"}
    assert item["settled_at"] == "2026-11-01T14:00:20.000Z"


def test_a_rejected_item_gives_the_reason(make: ModuleType, deliver: Deliver, work: Work) -> None:
    deliver(make.claimed(), make.submitted(), make.rejected(reason="Wrong sentence."))
    [item] = work()["items"]
    assert (item["status"], item["reason"]) == ("rejected", "Wrong sentence.")


def test_every_order_and_repetition_ends_in_the_same_item(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    ends = []
    for number, order in enumerate(permutations(range(4))):
        steps = [make.claimed, make.submitted, make.accepted, make.settled]
        for step in [*order, order[0]]:
            deliver(steps[step](number))
        document = application.database["work_items"].find_one({"_id": f"asg_{number:03d}"})
        assert document is not None
        ends.append(tuple(sorted((k, str(v)) for k, v in document.items() if k != "_id")))
    assert len(set(ends)) == 1


def test_a_submission_before_its_claim_waits_for_it(
    make: ModuleType, deliver: Deliver, work: Work
) -> None:
    deliver(make.submitted())
    assert work()["items"] == []
    deliver(make.claimed())
    assert [item["status"] for item in work()["items"]] == ["submitted"]


def test_a_late_claim_event_does_not_reopen_what_was_returned(
    make: ModuleType, deliver: Deliver, work: Work
) -> None:
    deliver(make.returned(1), make.claimed(1), make.expired(2), make.claimed(2))
    statuses = {item["assignment_id"]: item["status"] for item in work()["items"]}
    assert statuses == {"asg_001": "returned", "asg_002": "expired"}


def test_a_worker_sees_no_other_workers_items(
    make: ModuleType, deliver: Deliver, work: Work
) -> None:
    deliver(make.claimed(1, worker_id="wrk_2"))
    assert work("wrk_1")["items"] == []
    assert len(work("wrk_2")["items"]) == 1


def test_items_come_newest_first_in_pages(make: ModuleType, deliver: Deliver, work: Work) -> None:
    deliver(*(make.claimed(number) for number in range(7)))
    seen: list[str] = []
    cursor = None
    while True:
        page = work(limit=3, **({"cursor": cursor} if cursor else {}))
        seen += [item["assignment_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"asg_{number:03d}" for number in reversed(range(7))]


def test_items_are_filtered_by_status(make: ModuleType, deliver: Deliver, work: Work) -> None:
    deliver(make.claimed(1), make.claimed(2), make.submitted(2))
    assert [item["assignment_id"] for item in work(status="submitted")["items"]] == ["asg_002"]


@pytest.mark.parametrize("query", [{"cursor": "forged"}, {"status": "lost"}, {"limit": 201}])
def test_a_bad_query_is_refused(
    api: FlaskClient, application: Application, query: dict[str, Any]
) -> None:
    answer = api.get(f"{V1}/work", query_string=query, headers=as_worker(application))
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_input")
