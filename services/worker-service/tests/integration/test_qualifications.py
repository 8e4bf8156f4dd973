import re
from typing import Any

import pytest
from crowdloom.contracts.task import Question
from crowdloom.kernel import TransientError
from crowdloom.testkit.ports import FrozenClock
from flask.testing import FlaskClient
from worker_service.bootstrap import Application

V1 = "/api/workers/v1"
PAGE = "/work/qualifications"
RIGHT = {"q1": "fir"}
TYPED = {"answer.q1": "fir"}
"""The same, as the page's form sends it."""


@pytest.fixture
def worker(api: FlaskClient) -> Any:
    return api.post(f"{V1}/workers", json={}).json


@pytest.fixture
def headers(worker: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {worker['token']}", "Accept": "text/html"}


@pytest.fixture
def said(outbox: Any) -> Any:
    """What was published about qualifications: (name without its frame, qualification, reason)."""

    def read() -> list[tuple[str, str, str]]:
        return [
            (name.split(".")[2], body["qualification"], body.get("reason", ""))
            for name, body in outbox()
            if name.startswith("worker.qualification.")
        ]

    return read


def entry(api: FlaskClient, headers: dict[str, str], code: str) -> Any:
    items = api.get(f"{V1}/qualifications", headers=headers).json["items"]
    return next((one for one in items if one["qualification"] == code), None)


def accepted_work(deliver: Any, make: Any, worker: Any, numbers: range) -> None:
    for number in numbers:
        deliver(
            make.claimed(number, worker_id=worker["worker_id"]),
            make.submitted(number),
            make.accepted(number),
        )


def test_known_items_count_by_whole_tens_and_make_accurate(
    application: Application, browser: FlaskClient, deliver: Any, make: Any, said: Any
) -> None:
    """Whatever comes first: the score, the claim; and no single item is told to be a known one."""

    def score(numbers: range, *wrong: int) -> str:
        for number in numbers:
            told = make.scored(number, right=number not in wrong)
            deliver(told, make.claimed(number), make.submitted(number))
        while application.keep_qualifications():
            pass
        return " ".join(browser.get("/work/standing").text.split())

    assert "Known items" not in score(range(1, 10), 4)
    assert "Right in 9 of 10 items" in score(range(10, 11))
    assert "Right in 9 of 10 items" in score(range(11, 20))
    assert said() == []
    assert "Right in 19 of 20 items" in score(range(20, 21))
    assert said() == [("granted", "accurate", "")]
    score(range(21, 31), 21, 22, 23)
    assert said()[1:] == [("revoked", "accurate", "rule_not_met")]


def test_a_rule_grants_by_itself_and_takes_back_with_a_reason(
    application: Application,
    api: FlaskClient,
    worker: Any,
    headers: dict[str, str],
    deliver: Any,
    make: Any,
    said: Any,
) -> None:
    accepted_work(deliver, make, worker, range(1, 20))
    application.keep_qualifications()
    assert said() == []
    accepted_work(deliver, make, worker, range(20, 21))
    application.keep_qualifications()
    application.keep_qualifications()
    assert said() == [("granted", "reliable", "")]
    assert entry(api, headers, "reliable")["is_held"]
    for number in (21, 22):
        deliver(make.claimed(number, worker_id=worker["worker_id"]), make.submitted(number))
        deliver(make.rejected(number))
    application.keep_qualifications()
    assert said()[1:] == [("revoked", "reliable", "rule_not_met")]
    assert "What it asks for is not met any more" in api.get(PAGE, headers=headers).text


def test_a_rejection_counts_for_nothing_while_it_is_under_appeal(
    application: Application,
    api: FlaskClient,
    worker: Any,
    headers: dict[str, str],
    deliver: Any,
    make: Any,
) -> None:
    deliver(make.claimed(worker_id=worker["worker_id"]), make.submitted(), make.rejected())
    application.keep_qualifications()

    def record() -> Any:
        application.keep_qualifications()
        found = api.get(f"{V1}/qualifications", headers=headers).json["record"]
        return found["accepted_count"], found["rejected_count"]

    assert record() == (0, 1)
    application.appeal_rejection.open(worker["worker_id"], "asg_001", "It follows rule two.")
    assert record() == (0, 0)
    review = application.review_appeals
    review.decide("asg_001", upheld=False, reason="There is none.", reviewer="stf_1")
    assert record() == (0, 1)
    deliver(make.accepted())
    assert record() == (1, 0)


def test_an_account_grows_old_enough_without_any_work(
    application: Application,
    worker: Any,
    deliver: Any,
    make: Any,
    said: Any,
    clock: FrozenClock,
) -> None:
    accepted_work(deliver, make, worker, range(1, 11))
    application.keep_qualifications()
    clock.advance(seconds=29 * 86_400)
    application.keep_qualifications()
    assert said() == []
    clock.advance(seconds=86_400)
    application.keep_qualifications()
    assert said() == [("granted", "established", "")]


def test_a_requesters_test_grants_at_once_ends_on_its_day_and_can_be_renewed(
    application: Application,
    api: FlaskClient,
    worker: Any,
    headers: dict[str, str],
    deliver: Any,
    make: Any,
    said: Any,
    clock: FrozenClock,
) -> None:
    deliver(make.defined())
    asked = api.get(f"{V1}/qualifications/qlf_1/test", headers=headers)
    assert asked.json["questions"][0]["choices"] == ["fir", "spruce"]
    assert "answer_key" not in asked.text

    def hand_in(answers: Any, key: str) -> Any:
        return api.post(
            f"{V1}/qualifications/qlf_1/test",
            json={"answers": answers},
            headers={**headers, "Accept": "application/json", "Idempotency-Key": key},
        )

    assert hand_in({}, "none").status_code == 422
    missed = hand_in({"q1": "spruce"}, "one").json
    assert (missed["passed"], missed["tries_left"]) == (False, 1)
    assert hand_in(RIGHT, "two").json["code"] == "test_not_open"
    clock.advance(seconds=60)
    assert hand_in(RIGHT, "three").json == {
        "score": 100,
        "passed": True,
        "tries_left": 0,
        "opens_at": None,
    }
    assert said() == [("granted", "qlf_1", "")]
    assert hand_in(RIGHT, "four").json["code"] == "test_not_open"
    clock.advance(seconds=3 * 86_400)
    application.keep_qualifications()
    assert said()[1:] == [("revoked", "qlf_1", "expired")]
    assert not entry(api, headers, "qlf_1")["is_held"]
    renewed = hand_in(RIGHT, "five").json
    assert (renewed["passed"], renewed["tries_left"]) == (True, 1), "it ran out: tries count anew"
    deliver(make.claimed(worker_id=worker["worker_id"]), make.taken())
    clock.advance(seconds=60)
    assert hand_in(RIGHT, "six").json["code"] == "test_not_open", "what was taken back stays so"
    assert "can give it to you again" in api.get(f"{PAGE}/qlf_1", headers=headers).text


def test_what_a_requester_takes_back_after_it_ran_out_no_test_brings_back(
    application: Application,
    api: FlaskClient,
    worker: Any,
    headers: dict[str, str],
    deliver: Any,
    make: Any,
    said: Any,
    clock: FrozenClock,
) -> None:
    deliver(make.defined(), make.claimed(worker_id=worker["worker_id"]))
    path = f"{PAGE}/qlf_1"
    api.post(path, data={**TYPED, "idempotency_key": "a"}, headers=headers)
    clock.advance(seconds=3 * 86_400)
    application.keep_qualifications()
    deliver(make.taken(), make.taken())
    api.post(path, data={**TYPED, "idempotency_key": "b"}, headers=headers)
    assert said() == [("granted", "qlf_1", ""), ("revoked", "qlf_1", "expired")]
    assert not entry(api, headers, "qlf_1")["is_held"]


def test_a_requester_gives_and_takes_by_an_assignment(
    api: FlaskClient,
    worker: Any,
    headers: dict[str, str],
    deliver: Any,
    make: Any,
    said: Any,
) -> None:
    deliver(make.defined(questions=(), answer_key=None))
    assert entry(api, headers, "qlf_1") is None
    with pytest.raises(TransientError):
        deliver(make.given())
    deliver(make.claimed(worker_id=worker["worker_id"]), make.given(), make.given())
    assert said() == [("granted", "qlf_1", "")]
    assert entry(api, headers, "qlf_1")["held"]["granted_by"] == "requester"
    deliver(make.taken(), make.taken())
    assert said()[1:] == [("revoked", "qlf_1", "Too many slips.")]
    page = api.get(f"{PAGE}/qlf_1", headers=headers).text
    assert "Too many slips." in page
    assert "Tree names" in page


def test_a_closed_account_keeps_none_and_gets_none(
    application: Application,
    api: FlaskClient,
    worker: Any,
    headers: dict[str, str],
    deliver: Any,
    make: Any,
    said: Any,
) -> None:
    deliver(make.defined(), make.claimed(worker_id=worker["worker_id"]), make.given())
    accepted_work(deliver, make, worker, range(2, 22))
    assert api.delete(f"{V1}/me", headers=headers).status_code == 204
    application.keep_qualifications()
    deliver(make.given())
    assert said() == [("granted", "qlf_1", "")]
    assert application.database["held_qualifications"].count_documents({}) == 0
    assert application.database["records"].count_documents({}) == 0


def test_the_pages_show_what_there_is_and_take_a_test_without_script(
    api: FlaskClient, headers: dict[str, str], deliver: Any, make: Any
) -> None:
    deliver(make.defined(), make.opened(qualifications=("qlf_1",)), make.released())
    catalogue = api.get(PAGE, headers=headers).text
    assert "Opens 1 project that is open now" in catalogue
    assert "Persian, tested" in catalogue
    assert f'href="{PAGE}/qlf_1"><bdi' in api.get("/work/queue", headers=headers).text
    page = api.get(f"{PAGE}/qlf_1", headers=headers).text
    assert "Which has flat needles?" in page
    assert '<a href="/work/queue/bat_1">' in page.partition("What it opens now")[2]
    half = api.post(f"{PAGE}/qlf_1", data={"idempotency_key": "a"}, headers=headers)
    assert (half.status_code, "Choose an answer." in half.text) == (422, True)
    sent = api.post(f"{PAGE}/qlf_1", data={**TYPED, "idempotency_key": "b"}, headers=headers)
    assert sent.location == f"{PAGE}/qlf_1"
    assert "you have it" in api.get(f"{PAGE}/qlf_1", headers=headers).text
    assert api.get(f"{PAGE}/none", headers=headers).status_code == 404


def test_a_question_may_be_named_like_a_field_of_the_page_s_own_form(
    api: FlaskClient, headers: dict[str, str], deliver: Any, make: Any
) -> None:
    name = "idempotency_key"
    asked = Question(name, "Which has flat needles?", ("fir", "spruce"))
    deliver(make.defined(questions=(asked,), answer_key={name: ["fir"]}))
    page = api.get(f"{PAGE}/qlf_1", headers=headers).text
    field = re.search(r'type="radio" name="([^"]+)" value="fir"', page)
    assert field
    api.post(f"{PAGE}/qlf_1", data={field[1]: "fir", name: "a"}, headers=headers)
    assert entry(api, headers, "qlf_1")["is_held"]
