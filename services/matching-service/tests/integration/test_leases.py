from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from crowdloom.chassis.bus import PARTITION_COUNT
from crowdloom.contracts.task import BatchCancelled
from crowdloom.kernel import PoisonMessage
from crowdloom.kernel.errors import NotFound
from crowdloom.testkit.ports import BEGINNING, FrozenClock
from matching_service.bootstrap import Application
from matching_service.domain.assignments import Assignment, AssignmentStatus
from matching_service.domain.errors import LeaseOver, NoMoreTime
from matching_service.domain.policy import Policy

Deliver = Callable[..., None]
TASK = "tsk_bat_1_0_0"


@pytest.fixture
def held(make: ModuleType, deliver: Deliver, application: Application) -> Assignment:
    """The lease of wrk_1 on the only slot of the only task."""
    deliver(make.opened(task_count=1, redundancy=1), make.released(count=1, redundancy=1))
    made = application.claim_task("wrk_1", "k")
    assert made is not None
    return made.assignment


def open_slots(application: Application) -> int:
    row = application.database["tasks"].find_one({"_id": TASK})
    assert row is not None
    return int(row["open"])


def status(application: Application, assignment: Assignment) -> AssignmentStatus:
    row = application.database["assignments"].find_one({"_id": assignment.assignment_id})
    assert row is not None
    return AssignmentStatus(row["status"])


def test_a_lease_expires_once_all_partitions_were_read_past_its_deadline(
    application: Application, held: Assignment, read_past: Any, outbox: Any
) -> None:
    read_past(application, held.deadline + timedelta(milliseconds=1))
    assert application.expire_leases() == 1
    assert status(application, held) is AssignmentStatus.EXPIRED
    [said] = outbox("matching.assignment.expired.v1")
    assert said["assignment_id"] == held.assignment_id
    assert application.expire_leases() == 0


def test_the_slot_of_an_expired_lease_waits_for_task_services_word(
    make: ModuleType,
    deliver: Deliver,
    application: Application,
    held: Assignment,
    read_past: Any,
    outbox: Any,
) -> None:
    read_past(application, held.deadline + timedelta(minutes=1))
    application.expire_leases()
    assert open_slots(application) == 0
    assert len(outbox("matching.ticket.revoked.v1")) == 1
    deliver(make.closed(held), make.closed(held))
    assert open_slots(application) == 1


def test_a_watermark_that_was_wrong_gives_no_slot_away_twice(
    make: ModuleType, deliver: Deliver, application: Application, held: Assignment, read_past: Any
) -> None:
    read_past(application, held.deadline + timedelta(days=1))
    application.expire_leases()
    assert application.claim_task("wrk_2", "k") is None
    deliver(make.submitted(held, at=held.deadline))
    assert application.claim_task("wrk_2", "k") is None
    assert status(application, held) is AssignmentStatus.SUBMITTED


def test_the_clock_alone_expires_nothing(
    application: Application, held: Assignment, clock: FrozenClock
) -> None:
    clock.advance(seconds=100_000)
    assert application.expire_leases() == 0
    assert status(application, held) is AssignmentStatus.LEASED


@pytest.mark.parametrize("missing", range(PARTITION_COUNT))
def test_one_partition_not_heard_of_keeps_every_lease(
    application: Application, held: Assignment, read_past: Any, missing: int
) -> None:
    read_past(application, held.deadline + timedelta(days=1), missing=(missing,))
    assert application.expire_leases() == 0


@pytest.mark.parametrize("behind", range(PARTITION_COUNT))
def test_one_partition_behind_keeps_every_lease(
    application: Application, held: Assignment, read_past: Any, behind: int
) -> None:
    read_past(application, held.deadline)
    read_past(application, held.deadline + timedelta(days=1), missing=(behind,))
    assert application.expire_leases() == 0
    assert open_slots(application) == 0


def test_a_watermark_that_comes_again_does_not_go_back(
    application: Application, held: Assignment, read_past: Any
) -> None:
    read_past(application, held.deadline + timedelta(minutes=1))
    read_past(application, held.deadline - timedelta(minutes=1))
    assert application.expire_leases() == 1


def test_a_submission_read_before_the_watermark_keeps_its_slot(
    make: ModuleType, deliver: Deliver, application: Application, held: Assignment, read_past: Any
) -> None:
    deliver(make.submitted(held, at=held.deadline))
    read_past(application, held.deadline + timedelta(minutes=1))
    assert application.expire_leases() == 0
    assert status(application, held) is AssignmentStatus.SUBMITTED
    assert open_slots(application) == 0


def test_a_submission_after_expiry_counts(
    make: ModuleType, deliver: Deliver, application: Application, held: Assignment, read_past: Any
) -> None:
    read_past(application, held.deadline + timedelta(minutes=1))
    application.expire_leases()
    deliver(make.submitted(held, at=held.deadline))
    assert status(application, held) is AssignmentStatus.SUBMITTED
    assert open_slots(application) == 0


def test_a_submission_of_an_assignment_never_made_is_a_poison_message(
    make: ModuleType, deliver: Deliver, held: Assignment
) -> None:
    foreign = make.submitted(held)
    object.__setattr__(foreign, "assignment_id", "asg_foreign")
    with pytest.raises(PoisonMessage):
        deliver(foreign)


def test_a_returned_slot_waits_for_task_services_word(
    make: ModuleType, deliver: Deliver, application: Application, held: Assignment, outbox: Any
) -> None:
    application.hold_assignment.give_back("wrk_1", held.assignment_id)
    assert open_slots(application) == 0
    assert len(outbox("matching.ticket.revoked.v1")) == 1
    assert len(outbox("matching.assignment.returned.v1")) == 1
    deliver(make.closed(held))
    assert open_slots(application) == 1


def test_a_return_sent_again_changes_nothing(
    application: Application, held: Assignment, outbox: Any
) -> None:
    for _ in range(3):
        application.hold_assignment.give_back("wrk_1", held.assignment_id)
    assert len(outbox("matching.ticket.revoked.v1")) == 1


def test_a_confirmation_that_comes_twice_opens_one_slot(
    make: ModuleType, deliver: Deliver, application: Application, held: Assignment
) -> None:
    application.hold_assignment.give_back("wrk_1", held.assignment_id)
    deliver(make.closed(held), make.closed(held))
    assert open_slots(application) == 1


def test_a_submission_that_was_faster_than_the_return_counts(
    make: ModuleType, deliver: Deliver, application: Application, held: Assignment
) -> None:
    application.hold_assignment.give_back("wrk_1", held.assignment_id)
    deliver(make.submitted(held))
    assert status(application, held) is AssignmentStatus.SUBMITTED
    assert open_slots(application) == 0


def test_what_was_submitted_cannot_be_returned(
    make: ModuleType, deliver: Deliver, application: Application, held: Assignment
) -> None:
    deliver(make.submitted(held))
    with pytest.raises(LeaseOver):
        application.hold_assignment.give_back("wrk_1", held.assignment_id)


def test_a_returned_lease_does_not_expire_as_well(
    application: Application, held: Assignment, read_past: Any
) -> None:
    application.hold_assignment.give_back("wrk_1", held.assignment_id)
    read_past(application, held.deadline + timedelta(days=1))
    assert application.expire_leases() == 0
    assert open_slots(application) == 0


def test_a_rejection_opens_the_slot_for_somebody_else(
    make: ModuleType, deliver: Deliver, application: Application, held: Assignment
) -> None:
    deliver(make.submitted(held), make.rejected(held))
    assert application.claim_task("wrk_1", "again") is None
    assert application.claim_task("wrk_2", "k") is not None
    assert open_slots(application) == 0


def test_a_rejection_that_closes_the_slot_opens_none(
    make: ModuleType, deliver: Deliver, application: Application, held: Assignment
) -> None:
    deliver(make.submitted(held), make.rejected(held, reopened=False))
    assert application.claim_task("wrk_2", "k") is None


def test_more_time_moves_the_deadline_in_lease_and_ticket(
    application: Application, held: Assignment, make: ModuleType, read_past: Any
) -> None:
    longer = application.hold_assignment.extend("wrk_1", held.assignment_id, "more")
    assert longer.assignment.deadline == held.deadline + timedelta(seconds=make.LEASE_SECONDS)
    read_past(application, held.deadline + timedelta(minutes=1))
    assert application.expire_leases() == 0
    read_past(application, longer.assignment.deadline + timedelta(minutes=1))
    assert application.expire_leases() == 1


def test_a_wish_for_more_time_sent_again_is_granted_once(
    application: Application, held: Assignment
) -> None:
    first = application.hold_assignment.extend("wrk_1", held.assignment_id, "more")
    again = application.hold_assignment.extend("wrk_1", held.assignment_id, "more")
    assert again.assignment.deadline == first.assignment.deadline


def test_more_time_is_given_as_often_as_operators_let_and_no_more(
    application: Application, held: Assignment
) -> None:
    extend = application.hold_assignment.extend
    for number in range(Policy().extensions_max):
        extend("wrk_1", held.assignment_id, f"more{number}")
    with pytest.raises(NoMoreTime):
        extend("wrk_1", held.assignment_id, "and more")
    caps = {"extensions_max": Policy().extensions_max + 1}
    application.set_policy("stf_1", weights=caps, version=0, reason="The items are long.")
    extend("wrk_1", held.assignment_id, "and more")


def test_expiry_believes_the_deadline_as_it_is_and_not_as_it_was_read(
    application: Application, held: Assignment
) -> None:
    seen = application.store.run(
        lambda s: s.assignments.overdue(held.deadline + timedelta(seconds=1), 10)
    )
    application.hold_assignment.extend("wrk_1", held.assignment_id, "more")
    before = seen[0].deadline + timedelta(seconds=1)
    gone = application.store.run(
        lambda s: s.assignments.expire(held.assignment_id, before, BEGINNING)
    )
    assert not gone


def test_an_expired_lease_gets_no_more_time(
    application: Application, held: Assignment, read_past: Any
) -> None:
    read_past(application, held.deadline + timedelta(minutes=1))
    application.expire_leases()
    with pytest.raises(LeaseOver):
        application.hold_assignment.extend("wrk_1", held.assignment_id, "more")


def test_somebody_elses_assignment_is_like_none(application: Application, held: Assignment) -> None:
    hold = application.hold_assignment
    for call in (
        lambda: hold.get("wrk_2", held.assignment_id),
        lambda: hold.extend("wrk_2", held.assignment_id, "more"),
        lambda: hold.give_back("wrk_2", held.assignment_id),
    ):
        with pytest.raises(NotFound):
            call()
    assert status(application, held) is AssignmentStatus.LEASED


def test_cancelling_withdraws_what_nobody_holds_and_later_what_comes_back(
    make: ModuleType, deliver: Deliver, application: Application, read_past: Any, outbox: Any
) -> None:
    deliver(make.opened(), make.released())
    held = [application.claim_task(f"wrk_{number}", "k") for number in range(3)]
    deliver(make.submitted(held[0].assignment), BatchCancelled("bat_1", BEGINNING))
    assert application.withdraw_slots() == 12 - 3
    assert application.withdraw_slots() == 0
    application.hold_assignment.give_back("wrk_1", held[1].assignment.assignment_id)
    deliver(make.closed(held[1].assignment))
    assert application.withdraw_slots() == 1
    read_past(application, held[2].assignment.deadline + timedelta(minutes=1))
    application.expire_leases()
    deliver(make.closed(held[2].assignment))
    assert application.withdraw_slots() == 1
    said = outbox("matching.slots.withdrawn.v1")
    assert [(one["revision"], one["slot_count"], one["leased_slot_count"]) for one in said] == [
        (1, 9, 2),
        (2, 1, 1),
        (3, 1, 0),
    ]


def test_a_large_batch_is_withdrawn_in_parts(
    make: ModuleType, deliver: Deliver, application: Application, outbox: Any
) -> None:
    deliver(make.opened(task_count=600, redundancy=1), BatchCancelled("bat_1", BEGINNING))
    for chunk in (0, 1):
        deliver(make.released(chunk=chunk, count=300, redundancy=1))
    assert [application.withdraw_slots() for _ in range(3)] == [500, 100, 0]
    assert [one["revision"] for one in outbox("matching.slots.withdrawn.v1")] == [1, 2]


def test_progress_is_told_when_it_changes_and_pay_is_measured(
    make: ModuleType, deliver: Deliver, application: Application, outbox: Any
) -> None:
    deliver(make.opened(), make.released())
    for number in range(5):
        made = application.claim_task(f"wrk_{number}", f"a-script:{number}")
        deliver(make.submitted(made.assignment))
    [_, second] = application.claim_task.several("wrk_9", "k", 2)
    waited = second.assignment.claimed_at + timedelta(seconds=500)
    deliver(make.submitted(second.assignment, at=waited))
    for _ in range(2):
        application.count_progress()
    [said] = outbox("matching.batch.progressed.v1")
    assert (said["open_slot_count"], said["leased_slot_count"]) == (5, 1)
    [item] = application.queue.items("wrk_9", after=None, count_max=10)
    assert (item.batch.open_slot_count, item.batch.answer_count) == (5, 6)
    pay = item.batch.pay_per_hour
    assert pay is not None
    # Of two taken at once the second waited for the first: that is no time at work.
    assert (pay.n, pay.p25.minor, pay.p75.minor) == (5, 900, 900)


def test_a_counter_that_drifted_is_mended_once_a_day_and_a_right_one_is_let_rest(
    held: Assignment,
    make: ModuleType,
    deliver: Deliver,
    application: Application,
    clock: FrozenClock,
) -> None:
    deliver(make.submitted(held))
    assert application.recount_answers() == 0, "it is not due yet"
    application.database["batches"].update_one({"_id": "bat_1"}, {"$set": {"submitted": 7}})
    clock.advance(seconds=86_400)

    def counted() -> int:
        row = application.database["batches"].find_one({"_id": "bat_1"})
        assert row is not None
        return int(row["submitted"])

    came_meanwhile = application.store.run(
        lambda s: s.batches.recount("bat_1", 1, was=6, now=clock.now())
    )
    assert (came_meanwhile, counted()) == (False, 7)
    assert (application.recount_answers(), counted()) == (1, 1)
    clock.advance(seconds=2 * 86_400)
    assert application.recount_answers() == 0, "no answer came since"
