"""What a policy says beyond the order of batches: fairness among requesters, and caps."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from crowdloom.contracts.task import BatchAudienceChanged, Requirements
from crowdloom.testkit.ports import BEGINNING, FrozenClock
from flask.testing import FlaskClient
from matching_service.bootstrap import Application

Deliver = Callable[..., None]
API = "/api/matching/v1"


def test_many_batches_of_one_requester_do_not_crowd_out_the_one_of_another(
    make: ModuleType, deliver: Deliver, application: Application, clock: FrozenClock
) -> None:
    for number in range(1, 5):
        owner = "req_2" if number == 4 else "req_1"
        deliver(make.opened(f"bat_{number}", requester_id=owner, task_count=20))
        deliver(make.released(f"bat_{number}", count=20))
    given = []
    for number in range(12):
        made = application.claim_task(f"wrk_{number}", "k")
        assert made is not None
        given.append(made.assignment.batch_id)
        clock.advance(seconds=10)
    assert set(given[:4]) == {"bat_1", "bat_2", "bat_3", "bat_4"}
    assert given[4:].count("bat_4") == 4, "each requester has every second turn"


def test_operators_say_how_much_a_worker_may_hold(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released())
    application.set_policy("stf_1", weights={"held_max": 2}, version=0, reason="It is a rush.")
    assert len(application.claim_task.several("wrk_1", "k", 5)) == 2
    assert application.claim_task.why_not("wrk_1", "bat_1") == "too_many_leases"


def test_who_is_excluded_from_an_open_batch_is_given_no_more_of_it_until_let_in_again(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released())
    made = application.claim_task("wrk_1", "k1")
    assert made is not None
    name = made.assignment.pseudonym
    deliver(BatchAudienceChanged("bat_1", name, excluded=True, changed_at=BEGINNING))
    assert application.claim_task("wrk_1", "k2") is None
    assert application.claim_task.why_not("wrk_1", "bat_1") == "excluded"
    assert application.claim_task("wrk_2", "k") is not None
    assert application.hold_assignment.get("wrk_1", made.assignment.assignment_id).ticket
    deliver(BatchAudienceChanged("bat_1", name, excluded=False, changed_at=BEGINNING))
    assert application.claim_task("wrk_1", "k3") is not None
    deliver(BatchAudienceChanged("bat_2", name, excluded=True, changed_at=BEGINNING))
    deliver(make.opened("bat_2", requirements=Requirements(devices=("phone",))))
    assert application.claim_task.why_not("wrk_1", "bat_2") == "excluded", "heard of too early"


def test_the_queue_says_of_a_browser_what_a_claim_from_it_would_say_of_its_device(
    make: ModuleType, deliver: Deliver, api: FlaskClient, worker_headers: Any
) -> None:
    deliver(make.opened(requirements=Requirements(devices=("computer",))), make.released())
    script = worker_headers("wrk_1")
    phone = {**script, "User-Agent": "Mozilla/5.0 (Linux; Android 14) Mobile"}

    def said(headers: dict[str, str]) -> tuple[str | None, str | None]:
        [item] = api.get(f"{API}/queue", headers=headers).get_json()["items"]
        why = api.get(f"{API}/queue/bat_1/why", headers=headers).get_json()
        return item["why_not"], why["why_not"]

    assert said(phone) == ("other_device", "other_device")
    asked = api.post(f"{API}/claims", json={}, headers={**phone, "Idempotency-Key": "k"})
    assert asked.status_code == 204
    assert said(script) == (None, None)
