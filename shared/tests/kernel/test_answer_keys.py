import pytest
from crowdloom.kernel.answer_keys import marked, read_answer_key
from crowdloom.kernel.errors import InvalidInput


def test_a_key_is_a_value_or_any_of_several():
    key = read_answer_key({"animal": "fir", "name": ["Ada", "Ada Lovelace"]})
    assert marked(key, [("animal", " FIR "), ("name", "ada  lovelace")]) == {
        "animal": True,
        "name": True,
    }


def test_what_is_not_answered_is_wrong_and_every_value_given_must_be_right():
    key = read_answer_key({"a": "x", "b": ["x", "y"]})
    assert marked(key, [("b", "x"), ("b", "z")]) == {"a": False, "b": False}
    assert marked(key, [("a", "x"), ("b", "x"), ("b", "y")]) == {"a": True, "b": True}


def test_accents_are_the_same_however_they_are_encoded():
    assert marked(read_answer_key({"a": "caf\u00e9"}), [("a", "cafe\u0301")]) == {"a": True}


@pytest.mark.parametrize("document", [None, {}, {"a": 3}, {"a": []}, {"a": ["x", 3]}, ["a"]])
def test_what_is_no_key_is_refused(document):
    with pytest.raises(InvalidInput):
        read_answer_key(document)
