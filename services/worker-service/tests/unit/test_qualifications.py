from datetime import timedelta

import pytest
from crowdloom.kernel.errors import InvalidInput
from crowdloom.testkit.ports import BEGINNING
from worker_service.adapters.catalogue_files import market_qualifications
from worker_service.domain import qualifications
from worker_service.domain.qualifications import (
    Question,
    Record,
    Rule,
    Tries,
    due_of_age,
)

DAY = timedelta(days=1)
EXAM = qualifications.Test(
    questions=(Question("q1", "?", ("a", "b")), Question("q2", "?", ("a", "b"))),
    key={"q1": ("a",), "q2": ("b",)},
    pass_percent=50,
    tries_max=2,
    wait_seconds=60,
)


def record(accepted: int, rejected: int) -> Record:
    return Record("wrk_1", accepted, rejected)  # type: ignore[arg-type]


def test_a_rule_is_met_when_every_part_is():
    rule = Rule(accepted_count_min=19, acceptance_percent_min=95, age_days_min=30)
    assert rule.is_met_by(record(19, 1), 30 * DAY)
    assert not rule.is_met_by(record(18, 0), 30 * DAY)
    assert not rule.is_met_by(record(19, 2), 30 * DAY)
    assert not rule.is_met_by(record(19, 1), 29 * DAY)


def test_the_day_on_which_age_alone_may_meet_a_rule_is_known_ahead():
    rules = [Rule(accepted_count_min=10, age_days_min=30), Rule(accepted_count_min=500)]
    assert due_of_age(rules, record(10, 0), BEGINNING, BEGINNING) == BEGINNING + 30 * DAY
    assert due_of_age(rules, record(9, 0), BEGINNING, BEGINNING) is None
    assert due_of_age(rules, record(10, 0), BEGINNING, BEGINNING + 31 * DAY) is None


def test_a_test_scores_itself_and_an_unanswered_question_is_no_try():
    assert EXAM.score({"q1": "a", "q2": "a"}.items()) == 50
    with pytest.raises(InvalidInput) as refused:
        EXAM.score({"q1": "a"}.items())
    assert list(refused.value.facts["errors"]) == ["q2"]


def test_tries_are_counted_and_wait_for_each_other():
    tries = Tries("wrk_1", "x")  # type: ignore[arg-type]
    tries.check_open(EXAM, BEGINNING)
    tries = tries.with_try(0, BEGINNING)
    with pytest.raises(qualifications.TestNotOpen):
        tries.check_open(EXAM, BEGINNING + timedelta(seconds=59))
    tries.check_open(EXAM, BEGINNING + timedelta(seconds=60))
    tries = tries.with_try(0, BEGINNING + timedelta(seconds=60))
    assert tries.opens_at(EXAM) is None
    with pytest.raises(qualifications.TestNotOpen):
        tries.check_open(EXAM, BEGINNING + DAY)


def test_every_right_answer_of_the_markets_tests_is_among_the_choices():
    exams = [(one.code, one.test) for one in market_qualifications() if one.test]
    assert len(exams) >= 5
    for code, exam in exams:
        for question in exam.questions:
            (right,) = exam.key[question.name]
            assert right in question.choices, (code, question.name)
