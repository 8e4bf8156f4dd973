from datetime import timedelta

from crowdloom.kernel.ids import (
    AssignmentId,
    BatchId,
    Pseudonym,
    RequesterId,
    SubmissionId,
    TaskId,
)
from crowdloom.testkit.ports import BEGINNING
from task_service.domain.answer_signals import alike, always_same
from task_service.domain.submissions import Submission, SubmissionStatus

LONG = "A small  boat lies on the beach beside a red house."


def given(worker: str, *values: str, batch: str = "bat_1") -> list[Submission]:
    return [
        Submission(
            submission_id=SubmissionId(f"sub_{worker}_{number}"),
            assignment_id=AssignmentId(f"asg_{worker}_{number}"),
            task_id=TaskId(f"tsk_{number}"),
            batch_id=BatchId(batch),
            requester_id=RequesterId("req_1"),
            pseudonym=Pseudonym(worker),
            answer=(("said", value), ("empty", "")),
            status=SubmissionStatus.SUBMITTED,
            claimed_at=BEGINNING,
            submitted_at=BEGINNING + timedelta(seconds=20),
            auto_accept_at=BEGINNING + timedelta(days=1),
        )
        for number, value in enumerate(values)
    ]


def test_the_same_words_of_three_workers_stand_out_whatever_their_case_and_spaces() -> None:
    two = [*given("A", LONG), *given("B", LONG.upper())]
    assert alike(two) == []
    [found] = alike([*two, *given("C", LONG.replace("  ", " "), LONG)])
    assert (found.workers, found.count, found.field) == (["A", "B", "C"], 4, "said")


def test_short_answers_and_answers_of_other_batches_are_alike_by_chance() -> None:
    assert alike([one for worker in "ABCDE" for one in given(worker, "yes")]) == []
    apart = [*given("A", LONG), *given("B", LONG), *given("C", LONG, batch="bat_2")]
    assert alike(apart) == []


def test_one_choice_every_time_stands_out_where_others_differ() -> None:
    others = [*given("B", *["yes", "no"] * 6), *given("C", *["no", "yes"] * 6)]
    [found] = always_same([*others, *given("A", *["yes"] * 20)])
    assert (found.worker, found.value, found.count, found.others_share) == ("A", "yes", 20, 0.5)
    # Rows that are all alike, a few answers, and nobody to compare with say nothing.
    same = [*given("B", *["yes"] * 12), *given("A", *["yes"] * 20)]
    assert always_same(same) == []
    assert always_same([*others, *given("A", *["yes"] * 9)]) == []
    assert always_same(given("A", *["yes"] * 20)) == []
