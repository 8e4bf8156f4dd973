"""Work that was sent back: the same worker's slot again, and nobody else's until it ends."""

from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from crowdloom.kernel.limits import LEASES_PER_WORKER_MAX
from matching_service.bootstrap import Application
from matching_service.domain.assignments import REWORK_TIME_MIN, Assignment


@pytest.fixture
def answered(make: ModuleType, deliver: Any, application: Application) -> Assignment:
    deliver(make.opened(task_count=1, redundancy=1), make.released(count=1, redundancy=1))
    made = application.claim_task("wrk_1", "k")
    assert made is not None
    deliver(make.submitted(made.assignment))
    return made.assignment


def held(application: Application) -> list[Assignment]:
    return application.hold_assignment.held("wrk_1")


def test_the_same_worker_has_the_slot_again_with_a_new_deadline_and_ticket(
    make: ModuleType, deliver: Any, application: Application, answered: Assignment, outbox: Any
) -> None:
    event = make.sent_back(answered)
    deliver(event)
    [rework] = held(application)
    assert rework.assignment_id == event.rework_assignment_id
    assert rework.deadline == event.returned_at + REWORK_TIME_MIN
    claim = application.hold_assignment.get("wrk_1", rework.assignment_id)
    assert claim.ticket
    tried = application.set_policy.try_on({"held_max": 1}).refusals
    assert (tried.claim_count, tried.refused_claims) == (1, 0), "nobody claimed it a second time"
    assert outbox("matching.assignment.claimed.v1")[-1]["assignment_id"] == rework.assignment_id
    assert application.claim_task("wrk_2", "k") is None
    application.count_progress()
    assert outbox("matching.batch.progressed.v1")[-1]["open_slot_count"] == 0


def test_an_unanswered_rework_gives_the_slot_to_somebody_else(
    make: ModuleType, deliver: Any, application: Application, answered: Assignment, read_past: Any
) -> None:
    deliver(make.sent_back(answered))
    [rework] = held(application)
    read_past(application, rework.deadline + timedelta(minutes=1))
    assert application.expire_leases() == 1
    assert application.claim_task("wrk_2", "k") is None
    deliver(make.closed(rework))
    assert application.claim_task("wrk_1", "again") is None
    claim = application.claim_task("wrk_2", "k2")
    assert claim is not None
    assert claim.assignment.task_id == answered.task_id


def test_a_rework_takes_none_of_the_workers_places(
    make: ModuleType, deliver: Any, application: Application, answered: Assignment
) -> None:
    deliver(make.sent_back(answered))
    count = LEASES_PER_WORKER_MAX
    deliver(make.opened("bat_2", task_count=count), make.released("bat_2", count=count))
    for number in range(count):
        assert application.claim_task("wrk_1", f"more-{number}") is not None
    assert len(held(application)) == count + 1
