import pytest
from crowdloom.kernel.errors import InvalidInput
from task_service.domain.errors import AnswerTooLarge
from task_service.domain.submissions import (
    checked_answer,
    checked_draft,
    checked_reason,
    fingerprint_of,
)


def test_an_answer_keeps_order_and_repetition() -> None:
    assert checked_answer([["b", "1"], ["a", "2"], ["b", "1"]]) == (
        ("b", "1"),
        ("a", "2"),
        ("b", "1"),
    )


def test_an_answer_is_measured_in_bytes() -> None:
    assert checked_answer([["a", "é" * 127_999]])
    with pytest.raises(AnswerTooLarge):
        checked_answer([["a", "é" * 128_000]])


def test_a_draft_may_be_empty_and_an_answer_not() -> None:
    assert checked_draft([]) == ()
    with pytest.raises(InvalidInput):
        checked_answer([])


def test_fingerprints_tell_apart_what_only_looks_alike() -> None:
    alike = [
        (("a", "b"), ("c", "d")),
        (("c", "d"), ("a", "b")),
        (("a", 'b"],["c","d'),),
        (("ab", ""), ("c", "d")),
        (("a", "e\u0301"),),
        (("a", "é"),),
    ]
    assert len({fingerprint_of(answer) for answer in alike}) == len(alike)


@pytest.mark.parametrize("reason", ["", " \n", "x" * 1_025])
def test_a_rejection_has_a_reason_that_can_be_read(reason: str) -> None:
    with pytest.raises(InvalidInput):
        checked_reason(reason)


def test_a_line_end_is_one_character_of_a_reason_as_it_was_in_the_field() -> None:
    assert checked_reason("x\r\n" * 512 + "\r\n") == ("x\n" * 512).strip()
