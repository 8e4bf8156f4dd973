from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import bson
import pytest
from crowdloom.contracts.task import BatchCancelled, BatchCompleted, BatchPaused, BatchResumed
from crowdloom.contracts.worker import AccountClosed, QualificationGranted
from crowdloom.kernel.errors import NotFound
from crowdloom.testkit.ports import BEGINNING, FrozenClock
from matching_service.adapters.mongo_session import INDEXES
from matching_service.application.claim_task import Claim
from matching_service.bootstrap import Application
from matching_service.domain.assignments import AssignmentStatus
from matching_service.domain.errors import ClaimKeyReused

Deliver = Callable[..., None]


def claim(application: Application, worker_id: str, key: str = "k", **wanted: Any) -> Claim:
    made = application.claim_task(worker_id, key, **wanted)
    assert made is not None
    return made


def test_a_key_used_for_another_batch_is_refused(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released(), make.opened("bat_2"), make.released("bat_2"))
    first = claim(application, "wrk_1", "k", batch_id="bat_1")
    assert claim(application, "wrk_1", "k") == first
    with pytest.raises(ClaimKeyReused):
        application.claim_task("wrk_1", "k", batch_id="bat_2")


def test_the_same_key_of_another_worker_is_another_claim(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released())
    ids = {claim(application, f"wrk_{number}").assignment.assignment_id for number in range(2)}
    assert len(ids) == 2


def test_an_unknown_batch_is_not_found(application: Application) -> None:
    with pytest.raises(NotFound):
        application.claim_task("wrk_1", "k", batch_id="bat_none")


def test_work_in_another_language_is_not_given_and_the_queue_says_why(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(language="fi"), make.released(), make.registered("wrk_1", "en", "fa"))
    assert application.claim_task("wrk_1", "k") is None
    [item] = application.queue.items("wrk_1", after=None, count_max=10)
    assert item.why_not == "other_language"


@pytest.mark.parametrize("spoken", [("fi",), ("en", "fi"), ()])
def test_work_in_an_own_language_or_for_a_worker_who_named_none_is_given(
    make: ModuleType, deliver: Deliver, application: Application, spoken: tuple[str, ...]
) -> None:
    deliver(make.opened(language="fi"), make.released(), make.registered("wrk_1", *spoken))
    assert claim(application, "wrk_1")


def test_a_worker_not_heard_of_yet_is_turned_away_from_nothing(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(language="fi"), make.released())
    assert claim(application, "wrk_new")


def test_a_paused_batch_gives_nothing_until_it_is_resumed(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released(), BatchPaused("bat_1"))
    assert application.claim_task("wrk_1", "k", batch_id="bat_1") is None
    deliver(BatchResumed("bat_1"))
    assert claim(application, "wrk_1")


@pytest.mark.parametrize(
    "over", [BatchCancelled("bat_1", BEGINNING), BatchCompleted("bat_1", "req_1", BEGINNING)]
)
def test_a_batch_that_is_over_gives_nothing_and_cannot_be_resumed(
    make: ModuleType, deliver: Deliver, application: Application, over: Any
) -> None:
    deliver(make.opened(), make.released(), over, BatchResumed("bat_1"))
    assert application.claim_task("wrk_1", "k") is None


def test_a_batch_without_its_tasks_gives_nothing_yet(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened())
    assert application.claim_task("wrk_1", "k") is None


def test_the_batch_served_longest_ago_comes_first(
    make: ModuleType, deliver: Deliver, application: Application, clock: FrozenClock
) -> None:
    for number in (1, 2, 3):
        deliver(make.opened(f"bat_{number}"), make.released(f"bat_{number}"))
    served = []
    for number in range(6):
        clock.advance(seconds=2)
        served.append(claim(application, f"wrk_{number}").assignment.batch_id)
    assert sorted(served[:3]) == sorted(served[3:]) == ["bat_1", "bat_2", "bat_3"]


def test_a_worker_has_unlinkable_names_towards_two_requesters(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    for number in (1, 2, 3):
        requester = f"req_{min(number, 2)}"
        deliver(
            make.opened(f"bat_{number}", requester_id=requester), make.released(f"bat_{number}")
        )
    names = [
        claim(application, "wrk_1", f"k{number}", batch_id=f"bat_{number}").assignment.pseudonym
        for number in (1, 2, 3)
    ]
    assert names[1] == names[2] != names[0]
    assert not any("wrk_1" in name for name in names)


def test_counts_tell_assignments_by_status(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released())
    held = [claim(application, f"wrk_{number}").assignment for number in range(3)]
    deliver(make.submitted(held[0]))
    application.hold_assignment.give_back("wrk_1", held[1].assignment_id)
    counts = application.queue.counts("bat_1")
    assert {status: count for status, count in counts.items() if count} == {
        AssignmentStatus.SUBMITTED: 1,
        AssignmentStatus.RETURNED: 1,
        AssignmentStatus.LEASED: 1,
    }


def test_a_closed_account_is_given_nothing_any_more(
    application: Application, deliver: Any, make: Any
) -> None:
    closed = AccountClosed(worker_id="wrk_1", closed_at=BEGINNING)
    skilled = QualificationGranted("wrk_1", "reliable", "rule", BEGINNING)
    deliver(make.opened(), make.released(), make.registered("wrk_1"), skilled)
    assert application.claim_task("wrk_1", "first") is not None
    deliver(closed)
    [kept] = application.database["workers"].find({"_id": "wrk_1"})
    assert kept == {"_id": "wrk_1", "languages": [], "closed": True}
    assert application.claim_task("wrk_1", "key") is None
    assert application.claim_task.why_not("wrk_1", "bat_1") == "account_closed"
    assert application.claim_task("wrk_2", "key") is not None


def test_a_batch_that_grew_gives_more_slots_and_more_tasks_at_the_new_reward(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(task_count=1), make.released(count=1))
    widened = replace(make.released(count=1, redundancy=4), added_redundancy=1)
    more = make.released(chunk=1, count=1, redundancy=4)
    deliver(make.grown(task_count=2), widened, more, make.grown(revision=1, redundancy=9))
    taken = [application.claim_task(f"wrk_{number}", "k") for number in range(9)]
    again = [application.claim_task(f"wrk_{number}", "other") for number in range(9)]
    given = [claim for claim in [*taken, *again] if claim is not None]
    assert len(given) == 8
    row = application.database["batches"].find_one({"_id": "bat_1"})
    assert row["grown"]["revision"] == 2
    assert row["grown"]["reward"]["amount_minor"] == 7


def test_what_is_counted_up_at_each_answer_does_not_grow_with_the_tasks(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    batches = application.database["batches"]
    deliver(make.opened(task_count=90), make.released(count=1))
    before = len(bson.encode(batches.find_one({"_id": "bat_1"}) or {}))
    deliver(*[make.released(chunk=chunk, count=1) for chunk in range(1, 90)])
    assert len(bson.encode(batches.find_one({"_id": "bat_1"}) or {})) == before
    taken = {claim(application, f"wrk_{number}").assignment.task_id for number in range(8)}
    assert len({name.rpartition("_")[0] for name in taken}) > 1


def test_a_batch_of_an_earlier_version_keeps_its_pools(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released(), make.released(chunk=1, count=40))
    counts = {"0": 1, "1": 2}
    earlier = {"$set": {"pool_counts": counts}, "$unset": {"chunks_heard": ""}}
    application.database["batches"].update_one({"_id": "bat_1"}, earlier)
    application.database["batch_pools"].delete_one({"_id": "bat_1"})
    for _ in range(2):
        application.store.migrate(INDEXES)
    row = application.database["batches"].find_one({"_id": "bat_1"}) or {}
    assert (row.get("pool_counts"), row["chunks_heard"]) == (None, 2)
    [kept] = application.database["batch_pools"].find()
    assert kept == {"_id": "bat_1", "counts": counts}
