from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest
from matching_service.application.claim_task import Claim
from matching_service.bootstrap import Application
from matching_service.domain.errors import AlreadyClaimed, SlotTaken, TooManyLeases

Deliver = Callable[..., None]
THREADS = 16


def claim(application: Application, worker_id: str, key: str = "k", **wanted: Any) -> Claim:
    made = application.claim_task(worker_id, key, **wanted)
    assert made is not None
    return made


def open_slots(application: Application) -> dict[str, int]:
    return {row["_id"]: row["open"] for row in application.database["tasks"].find()}


def test_the_write_itself_refuses_a_full_task_and_a_worker_who_had_it(
    make: ModuleType, deliver: Deliver, application: Application
) -> None:
    deliver(make.opened(task_count=1, redundancy=2), make.released(count=1, redundancy=2))

    def take(worker_id: str) -> bool:
        try:
            application.store.write(lambda s: s.tasks.take("tsk_bat_1_0_0", worker_id))
        except SlotTaken:
            return False
        return True

    assert [take("wrk_1"), take("wrk_1"), take("wrk_2"), take("wrk_3")] == [
        True,
        False,
        True,
        False,
    ]


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
