import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from crowdloom.testkit.ports import BEGINNING, FrozenClock
from flask.testing import FlaskClient
from matching_service.bootstrap import Application

Deliver = Callable[..., None]
POLICY = "/operator/matching/policy"


@pytest.fixture
def worked(
    make: ModuleType, deliver: Deliver, application: Application, clock: FrozenClock
) -> None:
    """Ten answers at 20 s, five at 2 s, five items of six given back, one who got nothing."""
    deliver(make.opened(task_count=30, language="fi"), make.released(count=30))
    deliver(make.opened("bat_2"), make.released("bat_2"))
    deliver(make.registered("wrk_english", "en"))
    for worker, seconds in [("wrk_a", 20), ("wrk_b", 20), ("wrk_fast", 2)]:
        for number in range(5):
            made = application.claim_task(worker, f"k{number}", batch_id="bat_1")
            assert made is not None
            clock.advance(seconds=seconds)
            deliver(make.submitted(made.assignment, at=clock.now()))
    for number in range(6):
        made = application.claim_task("wrk_back", f"k{number}", batch_id="bat_1")
        assert made is not None
        if number:
            application.hold_assignment.give_back("wrk_back", made.assignment.assignment_id)
    assert application.claim_task("wrk_english", "k", batch_id="bat_1") is None
    application.count_progress()


@pytest.mark.usefixtures("worked")
def test_an_operator_sees_rates_who_waits_and_why_and_what_stands_out(
    application: Application,
    api: FlaskClient,
    staff_headers: Any,
    clock: FrozenClock,
    make: ModuleType,
    deliver: Deliver,
) -> None:
    deliver(*(make.registered(f"wrk_finnish{number}", "fi") for number in range(10)))
    clock.advance(seconds=601)
    now = application.watch_matching()
    assert [(one.minutes, one.claimed, one.submitted) for one in now.rates] == [
        (1, 0, 0),
        (5, 0, 0),
        (60, 21, 15),
    ]
    assert [(one.worker_id, one.code, one.count) for one in now.signals] == [
        ("wrk_fast", "fast", 5),
        ("wrk_back", "returning", 5),
    ]
    assert now.idle_reasons == {"other_language": 1}
    [starving] = now.starving
    assert (starving.batch.batch_id, starving.reasons) == ("bat_2", {})
    assert now.stuck == []
    clock.advance(seconds=200)
    assert [one.worker_id for one in application.watch_matching().stuck] == ["wrk_back"]
    page = api.get("/operator/matching", headers=staff_headers("operator"))
    assert page.status_code == 200
    for word in (
        *("wrk_fast", "wrk_back", "wrk_english", "1 lease is overdue"),
        "speaks none of its languages",
        "It fits 10 to 19 of the 10 to 19 workers who were here in the last 30 days",
        "without what requesters hand out themselves",
    ):
        assert word in page.text
    page = {**staff_headers("finance.view"), "Accept": "text/html"}
    refused = api.get("/operator/matching", headers=page)
    assert refused.status_code == 403
    assert "/operator/batches" not in refused.text, "the bar shows nothing that is not theirs"


def test_weights_are_tried_on_the_last_choices_set_and_kept_with_who_and_why(
    make: ModuleType,
    deliver: Deliver,
    application: Application,
    api: FlaskClient,
    staff_headers: Any,
) -> None:
    deliver(make.opened(), make.released(), make.opened("bat_2"), make.released("bat_2"))
    application.database["batches"].update_one(
        {"_id": "bat_2"}, {"$set": {"open_slot_count": 1, "served_at": BEGINNING}}
    )
    assert application.claim_task("wrk_1", "k") is not None
    headers = staff_headers("operator")
    tried = api.get(f"{POLICY}?try=1&finishing=0", headers=headers)
    assert "1 of the last 1 choice would have been another one" in tried.text
    assert "(optional)" not in tried.text, "no weights are set without a reason"
    assert "0 of the last 1 claim would have been refused" in tried.text
    held = application.claim_task("wrk_1", "k5")
    application.hold_assignment.extend("wrk_1", held.assignment.assignment_id, "more")
    tried = api.get(f"{POLICY}?try=1&held_max=1&extensions_max=0", headers=headers)
    assert "1 of the last 2 claims would have been refused" in tried.text
    assert "1 of 1 wish for more time would have been refused" in tried.text
    weights = {"finishing": "0", "waiting": "20", "age": "5", "skill": "10"}

    def post(key: str, **sent: str) -> Any:
        form = {**weights, "version": "0", "reason": "Small ones wait.", **sent}
        return api.post(POLICY, data={**form, "idempotency_key": key}, headers=headers)

    assert post("k1", finishing="101").status_code == 422
    assert post("k0", held_max="11").status_code == 422
    assert post("k2", reason=" ").status_code == 422
    long = "9" * 5_000
    assert post("k5", finishing=long).status_code == 422
    assert "Somebody changed" in post("k6", version=long).text, "a version that never was"
    assert post("k3").status_code == 303
    refused = post("k4", finishing="7")
    assert refused.status_code == 422, "the version was looked at before"
    assert refused.text.count("It is 0 now.") == 2, "above the form and beside the weight"
    assert "It is 20 now." not in refused.text, "what is the same is not named"
    assert application.set_policy.current().policy.finishing == 0
    [change] = application.set_policy.changes()
    assert (change.changed_by, change.before.finishing, change.reason) == (
        "stf_1",
        50,
        "Small ones wait.",
    )
    assert "Near its end 50 → 0" in api.get(POLICY, headers=headers).text
    assert api.post(POLICY, data=weights, headers=staff_headers()).status_code == 403


def test_weights_that_were_tried_before_somebody_set_others_set_none_of_them_back_unseen(
    application: Application, api: FlaskClient, staff_headers: Any
) -> None:
    headers = staff_headers("operator")
    looked_at = {"finishing": "7", "waiting": "20", "version": "0"}
    application.set_policy("stf_2", weights={"waiting": 30}, version=0, reason="They wait long.")
    for shown in (
        api.get(POLICY, query_string={**looked_at, "try": "1"}, headers=headers).text,
        api.post(POLICY, data={**looked_at, "idempotency_key": "k1"}, headers=headers).text,
    ):
        [version] = re.findall(r'name="version" value="(\d+)"', shown)
        form = {**looked_at, "version": version, "reason": "Big ones first."}
        form["idempotency_key"] = f"k{len(shown)}"
        told = api.post(POLICY, data=form, headers=headers).text
        assert "It is 30 now." in told
    assert 'name="version" value="1"' in told, "who sends the form again has read it"
    assert application.set_policy.current().policy.waiting == 30


def test_an_operator_traces_a_task_by_its_id_or_by_one_of_its_assignments_and_nobody_is_named(
    make: ModuleType,
    deliver: Deliver,
    application: Application,
    api: FlaskClient,
    staff_headers: Any,
) -> None:
    deliver(make.opened(), make.released(count=1))
    first = application.claim_task("wrk_1", "k").assignment
    second = application.claim_task("wrk_2", "k").assignment
    deliver(make.submitted(first))
    application.hold_assignment.extend("wrk_2", second.assignment_id, "more")
    headers = staff_headers("operator")
    for name in (first.task_id, second.assignment_id):
        page = api.get(f"/operator/trace?id={name}", headers=headers).text
        assert "Does the second sentence follow?" in page
        assert f'hx-get="/operator/items/{first.assignment_id}"' in page
        assert f'hx-get="/operator/items/{second.assignment_id}"' not in page
        assert "Prolonged 1 time" in page
        assert not {"wrk_1", "wrk_2", first.pseudonym} & set(re.split(r"[^A-Za-z0-9_]", page))
    assert api.get("/operator/trace?id=asg_0", headers=headers).status_code == 404
    assert "Trace it" in api.get("/operator/trace", headers=headers).text
    assert api.get("/operator/trace", headers=staff_headers()).status_code == 403
