import pytest
from task_service.domain.known_answers import accuracy, answer_key, is_right, shown_inputs

COLUMNS = ("sentence", "gold:answer", "gold: tone ")


def test_columns_of_known_answers_are_keys_and_are_shown_to_nobody() -> None:
    cells = ("It rained.", " yes | si ", "")
    assert shown_inputs(COLUMNS, cells) == {"sentence": "It rained."}
    assert answer_key(COLUMNS, cells) == {"answer": ("yes", "si")}
    assert answer_key(COLUMNS, ("It rained.", "", "")) == {}


def test_marks_go_before_the_cells_field_by_field() -> None:
    key = answer_key(COLUMNS, ("It rained.", "yes", "calm"), {"answer": ("no",)})
    assert key == {"answer": ("no",), "tone": ("calm",)}
    assert is_right(key, [("answer", " NO "), ("tone", "calm"), ("more", "x")])
    assert not is_right(key, [("answer", "no")])


def test_accuracy_on_known_rows_says_how_sure_it_is() -> None:
    assert accuracy([None, None]) is None
    found = accuracy([True] * 9 + [False, None])
    assert found is not None
    assert (found.right, found.n) == (9, 10)
    assert found.interval == pytest.approx((0.596, 0.982), abs=0.001)
    sure = accuracy([True] * 10)
    assert sure is not None
    assert sure.interval == pytest.approx((0.722, 1.0), abs=0.001)
