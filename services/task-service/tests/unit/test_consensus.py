from task_service.domain.consensus import Consensus, joined, majority


def answers(*values: str) -> list[tuple[tuple[str, str], ...]]:
    return [(("a", value),) for value in values]


def test_the_most_frequent_value_wins() -> None:
    assert majority(answers("no", "yes", "yes")) == {"a": Consensus("yes", 2, 3, tied=False)}


def test_a_tie_goes_to_the_value_given_first_and_says_so() -> None:
    assert majority(answers("no", "yes"))["a"] == Consensus("no", 1, 2, tied=True)


def test_each_field_is_decided_for_itself() -> None:
    found = majority([(("a", "1"), ("b", "x")), (("a", "2"), ("b", "x")), (("a", "2"),)])
    assert found["a"].value == "2"
    assert found["b"] == Consensus("x", 2, 2, tied=False)


def test_no_answers_have_no_consensus() -> None:
    assert majority([]) == {}


def test_values_of_checkboxes_count_as_one_value() -> None:
    assert joined((("t", "a"), ("t", "b"), ("u", ""))) == {"t": "a|b", "u": ""}


def test_values_are_compared_as_they_came() -> None:
    assert majority(answers("yes", "Yes", "yes "))["a"].tied
