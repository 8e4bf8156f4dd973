from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest
from crowdloom.contracts.task import BatchCancelled, BatchCompleted, BatchPaused, BatchResumed
from crowdloom.kernel.errors import NotFound
from crowdloom.testkit.ports import BEGINNING, FrozenClock
from matching_service.application.claim_task import Claim
from matching_service.bootstrap import Application
from matching_service.domain.assignments import AssignmentStatus
from matching_service.domain.errors import AlreadyClaimed, ClaimKeyReused, TooManyLeases

Deliver = Callable[..., None]
THREADS = 16


def claim(application: Application, worker_id: str, key: str = "k", **wanted: Any) -> Claim:
    made = application.claim_task(worker_id, key, **wanted)
    assert made is not None
    return made


def open_slots(application: Application) -> dict[str, int]:
    return {row["_id"]: row["open"] for row in application.database["tasks"].find()}


def test_a_claim_gives_a_slot_a_lease_and_an_event(
    make: ModuleType, deliver: Deliver, application: Application, outbox: Any
) -> None:
    deliver(make.opened(), make.released())
    made = claim(application, "wrk_1")
    assignment = made.assignment
    assert (assignment.deadline - assignment.claimed_at).total_seconds() == make.LEASE_SECONDS
    assert open_slots(application)[assignment.task_id] == 2
    [said] = outbox("matching.assignment.claimed.v1")
    assert said["assignment_id"] == assignment.assignment_id
    assert said["worker_id"] == "wrk_1"


def test_sixteen_workers_at_once_get_exactly_the_published_slots(
    make: ModuleType, deliver: Deliver, application: Application, outbox: Any
) -> None:
    deliver(make.opened(task_count=5, redundancy=3), make.released(count=5))

    def ask_until_there_is_nothing(number: int) -> list[tuple[str, str]]:
        worker_id, got = f"wrk_{number}", []
        while (made := application.claim_task(worker_id, f"k{len(got)}")) is not None:
            got.append((made.assignment.task_id, worker_id))
        return got

    with ThreadPoolExecutor(THREADS) as threads:
        got = [
            pair
            for found in threads.map(ask_until_there_is_nothing, range(THREADS))
            for pair in found
        ]
    assert Counter(task for task, _ in got) == dict.fromkeys(open_slots(application), 3)
    assert len(set(got)) == len(got) == 15
    assert set(open_slots(application).values()) == {0}
    assert len(outbox("matching.assignment.claimed.v1")) == 15


def test_one_key_sent_sixteen_times_at_once_makes_one_assignment(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released())
    with ThreadPoolExecutor(THREADS) as threads:
        ids = list(
            threads.map(
                lambda _: claim(application, "wrk_1", "same").assignment.assignment_id,
                range(THREADS),
            )
        )
    assert len(set(ids)) == 1
    assert sum(open_slots(application).values()) == 4 * 3 - 1


def test_a_worker_who_asks_sixteen_times_at_once_holds_ten_at_most(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(task_count=30, redundancy=1), make.released(count=30, redundancy=1))

    def ask(number: int) -> bool:
        try:
            return application.claim_task("wrk_1", f"k{number}") is not None
        except (TooManyLeases, AlreadyClaimed):
            return False

    with ThreadPoolExecutor(THREADS) as threads:
        given = sum(threads.map(ask, range(THREADS)))
    held = application.hold_assignment.held("wrk_1")
    assert len(held) == given <= 10
    while len(application.hold_assignment.held("wrk_1")) < 10:
        claim(application, "wrk_1", f"more{len(application.hold_assignment.held('wrk_1'))}")
    with pytest.raises(TooManyLeases):
        application.claim_task("wrk_1", "one more")


def test_the_same_worker_never_gets_a_task_twice(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(), make.released())
    tasks = []
    for number in range(4):
        made = claim(application, "wrk_1", f"k{number}")
        tasks.append(made.assignment.task_id)
        deliver(make.submitted(made.assignment))
    assert len(set(tasks)) == 4
    assert application.claim_task("wrk_1", "k4") is None


def test_a_given_back_task_is_not_offered_to_the_same_worker_again(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(task_count=1), make.released(count=1))
    held = claim(application, "wrk_1").assignment
    application.hold_assignment.give_back("wrk_1", held.assignment_id)
    deliver(make.closed(held))
    assert application.claim_task("wrk_1", "again") is None
    assert claim(application, "wrk_2").assignment.task_id == held.task_id


def test_the_last_slot_of_many_pools_is_found(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(task_count=300, redundancy=1))
    deliver(make.released(count=200, redundancy=1), make.released(chunk=1, count=100, redundancy=1))
    last = "tsk_bat_1_0_117"
    application.database["tasks"].update_many({"_id": {"$ne": last}}, {"$set": {"open": 0}})
    assert claim(application, "wrk_1").assignment.task_id == last


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
