import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from crowdloom.contracts.task import Condition, Requirements
from crowdloom.contracts.worker import AccountClosed, QualificationGranted, QualificationRevoked
from crowdloom.kernel.ids import least_id
from crowdloom.testkit.ports import BEGINNING, FrozenClock
from flask.testing import FlaskClient
from matching_service.application.claim_task import Claim
from matching_service.bootstrap import Application
from matching_service.domain.errors import AlreadyClaimed
from matching_service.domain.requirements import Judged

Deliver = Callable[..., None]
API = "/api/matching/v1"


def granted(worker_id: str, score: int | None = None, **facts: Any) -> QualificationGranted:
    at = {"granted_at": BEGINNING, **facts}
    return QualificationGranted(
        worker_id=worker_id, qualification="trees", granted_by="test", score=score, **at
    )


def why(application: Application, worker_id: str) -> list[tuple[str, str]]:
    [item] = application.queue.items(worker_id, after=None, count_max=10)
    first = item.reasons[0].code if item.reasons else None
    assert application.claim_task.why_not(worker_id, "bat_1") == first == item.why_not
    assert (application.claim_task(worker_id, f"k_{worker_id}") is None) == bool(first)
    return [(reason.code, reason.about) for reason in item.reasons]


def test_queue_claim_and_why_agree_on_who_is_qualified(
    make: ModuleType, deliver: Deliver, application: Application, clock: FrozenClock
) -> None:
    asked = Requirements(all_of=(Condition("trees", "at_least", 80),))
    deliver(make.opened(requirements=asked, qualifications=("trees",)), make.released())
    revoked = QualificationRevoked("wrk_4", "trees", BEGINNING + timedelta(seconds=2))
    deliver(
        granted("wrk_1", 90),
        granted("wrk_2", 70),
        granted("wrk_3", 90, expires_at=BEGINNING + timedelta(days=1)),
        revoked,
        granted("wrk_4", 95, granted_at=BEGINNING + timedelta(seconds=1)),
    )
    assert why(application, "wrk_1") == why(application, "wrk_3") == []
    missing = [("qualification_missing", "trees >= 80")]
    assert why(application, "wrk_2") == missing
    assert why(application, "wrk_4") == missing, "the revocation is the newer word"
    assert why(application, "wrk_5") == missing
    clock.advance(seconds=86_401)
    assert application.claim_task.why_not("wrk_3", "bat_1") == missing[0][0]


def test_an_excluded_pseudonym_gets_nothing_more_of_this_requester_and_only_of_this(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released())
    made = application.claim_task("wrk_1", "k")
    assert made is not None
    asked = Requirements(excluded=(made.assignment.pseudonym,))
    deliver(make.opened("bat_2", requirements=asked), make.released("bat_2"))
    deliver(make.opened("bat_3", requester_id="req_2", requirements=asked))
    deliver(make.released("bat_3"))
    assert application.claim_task.why_not("wrk_1", "bat_2") == "excluded"
    assert application.claim_task("wrk_1", "k2", batch_id="bat_2") is None
    assert application.claim_task("wrk_2", "k2", batch_id="bat_2") is not None
    assert application.claim_task("wrk_1", "k3", batch_id="bat_3") is not None


def test_a_cap_holds_when_its_worker_asks_sixteen_times_at_once_and_a_return_frees_its_turn(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    asked = Requirements(answers_per_worker_max=3)
    deliver(make.opened(task_count=30, requirements=asked), make.released(count=30))

    def ask(number: int) -> Claim | None:
        try:
            return application.claim_task("wrk_1", f"k{number}", batch_id="bat_1")
        except AlreadyClaimed:
            return None

    with ThreadPoolExecutor(16) as threads:
        made = [one for one in threads.map(ask, range(16)) if one]
    made += [one for one in map(ask, range(16, 20)) if one]
    assert len(made) == 3
    assert application.claim_task.why_not("wrk_1", "bat_1") == "cap_reached"
    deliver(make.submitted(made[0].assignment))
    assert ask(20) is None
    application.hold_assignment.give_back("wrk_1", made[1].assignment.assignment_id)
    assert ask(21) is not None
    assert ask(22) is None
    assert application.claim_task("wrk_2", "k") is not None


def test_a_cap_a_day_is_new_the_next_day(
    make: ModuleType, deliver: Deliver, application: Application, clock: FrozenClock
) -> None:
    asked = Requirements(answers_per_worker_a_day_max=1)
    deliver(make.opened(requirements=asked), make.released())
    assert application.claim_task("wrk_1", "k1") is not None
    assert application.claim_task("wrk_1", "k2") is None
    assert application.claim_task.why_not("wrk_1", "bat_1") == "day_cap_reached"
    clock.advance(seconds=86_400)
    assert application.claim_task("wrk_1", "k3") is not None


def test_five_items_at_once_are_given_and_given_again_with_the_same_key(
    make: ModuleType, deliver: Deliver, api: FlaskClient, worker_headers: Any
) -> None:
    deliver(make.opened(requirements=Requirements(devices=("computer",))), make.released())

    def post(key: str, body: dict[str, Any]) -> Any:
        return api.post(f"{API}/claims", json=body, headers=worker_headers("wrk_1", key))

    assert post("k0", {"count": 2, "device": "phone"}).status_code == 204
    assert post("k1", {"count": 6}).status_code == 422
    body = post("k2", {"count": 5, "device": "computer"}).get_json()
    items = [body, *body["more"]]
    assert len({item["task_id"] for item in items}) == len(items) == 4, "there are four tasks"
    again = post("k2", {"count": 5}).get_json()
    assert [item["assignment_id"] for item in (again, *again["more"])] == [
        item["assignment_id"] for item in items
    ]


@pytest.mark.parametrize("finishing", [50, 0])
def test_a_policy_decides_which_batch_comes_first(
    make: ModuleType, deliver: Deliver, application: Application, finishing: int
) -> None:
    deliver(make.opened(), make.released(), make.opened("bat_2"), make.released("bat_2"))
    application.database["batches"].update_one(
        {"_id": "bat_2"}, {"$set": {"open_slot_count": 1, "served_at": BEGINNING}}
    )
    application.set_policy(
        "stf_1", weights={"finishing": finishing}, version=0, reason="to see what it does"
    )
    made = application.claim_task("wrk_1", "k")
    assert made is not None
    assert made.assignment.batch_id == ("bat_2" if finishing else "bat_1")


def test_what_requesters_decide_is_kept_as_skill_and_who_is_new_is_counted(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(task_type="choose"), make.released())
    given = [application.claim_task("wrk_1", f"k{number}") for number in range(4)]
    held = [one.assignment for one in given if one is not None]
    deliver(*map(make.submitted, held), make.submitted(held[0]))
    by_time, accepted, rejected, overturned = held
    deliver(make.accepted(by_time, decided_by="auto"), make.accepted(accepted))
    deliver(make.rejected(rejected, reopened=False), make.rejected(overturned, reopened=False))
    deliver(make.accepted(overturned, decided_by="appeal", overturns=True))
    # What known answers say counts by tens: of a single item nobody learns that it was one.
    deliver(*[make.scored(by_time)] * 9)
    known_before = application.claim_task._reader.workers.get("wrk_1").judged
    assert known_before == {"choose": Judged(accepted=2, count=3)}
    deliver(make.scored(by_time, right=False))
    profile = application.claim_task._reader.workers.get("wrk_1")
    assert profile.judged == {"choose": Judged(accepted=11, count=13)}
    assert (profile.answered, profile.is_newcomer) == (4, True)
    application.database["workers"].update_one({"_id": "wrk_1"}, {"$set": {"answered": 20}})
    deliver(make.opened("bat_2"), make.released("bat_2"))
    more = application.claim_task("wrk_1", "k5", batch_id="bat_2")
    assert more is not None
    deliver(make.submitted(more.assignment))
    counts = [application.claim_task._reader.batches.get(name) for name in ("bat_1", "bat_2")]
    assert [(one.answer_count, one.newcomer_answer_count) for one in counts if one] == [
        (4, 4),
        (1, 0),
    ]


def test_a_requester_is_told_roughly_how_many_a_batch_fits_and_never_of_a_few(
    make: ModuleType, deliver: Deliver, api: FlaskClient, requester_headers: Any, clock: FrozenClock
) -> None:
    def told(**asked: Any) -> str:
        headers = {**requester_headers("req_1"), "HX-Request": "true"}
        answer = api.get("/match/reach", query_string=asked, headers=headers)
        assert answer.status_code == 200
        return " ".join(re.sub("<[^>]+>", "", answer.text).split())

    names = [f"{least_id('worker', BEGINNING)}{number:03d}" for number in range(47)]
    for number, name in enumerate(names):
        deliver(make.registered(name, "fi" if number % 2 else "en"), granted(name, 60 + number))
    deliver(AccountClosed(worker_id=names[0], closed_at=BEGINNING))
    everybody = "20 to 49 workers fit, of the 20 to 49 who were here in the last 30 days."
    assert told() == told(project_language="sv", language=["fi", "en"]) == everybody
    assert told(project_language="fi").startswith("20 to 49 workers fit, of the 20 to 49")
    scored = {"rule": "all_of.at_least", "qualification": "trees"}
    assert told(**scored, score="90").startswith("10 to 19 workers fit, of the 20 to 49")
    for few in ("99", "100"):
        assert told(**scored, score=few).startswith("Fewer than 10 workers fit, of the 20 to 49")
    assert told(**scored, score="9x") == everybody
    own = told(rule="all_of.has", qualification="qlf_1", score="")
    assert own.startswith(f"{everybody} Qualifications that requesters give are not counted")
    words = told(circle="listed", device="phone")
    assert "whom you named" in words
    assert "Devices are not counted" in words

    clock.advance(seconds=31 * 86_400)
    page = api.get("/match/reach", headers=requester_headers("req_1"))
    assert "Fewer than 10 workers were here" in page.text
    assert "/requester/projects" in page.text
    assert api.get("/match/reach", headers={"Authorization": "Bearer x"}).status_code == 401
