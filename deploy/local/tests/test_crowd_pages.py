"""The demo's crowd answers pages that nobody recorded answers for."""

import random
from collections import Counter

from crowdloom_local.crowd.pages import answer_of_page

PAGE = """<html><body><form><input type="hidden" name="assignmentId" value="asg_1">
<input type="radio" name="feeling" value="good"><input type="radio" name="feeling" value="bad">
<select name="topic"><option value="">choose</option><option>price</option></select>
<input type="number" name="stars"><textarea name="why"></textarea>
<input type="checkbox" name="sure" value="yes" required><input name="gone" disabled>
<input type="submit" value="Submit"></form></body></html>"""
INPUTS = {"text": "The cabin is small but warm."}


def test_each_control_gets_one_fitting_value_and_nothing_else_is_sent():
    answer = answer_of_page(PAGE, INPUTS, random.Random(1))
    assert answer is not None
    given = dict(answer)
    assert len(given) == len(answer)
    assert given.pop("feeling") in {"good", "bad"}
    assert given.pop("why").endswith(INPUTS["text"])
    assert given == {"topic": "price", "stars": "3", "sure": "yes"}


def test_most_workers_agree_about_an_item():
    drawn = random.Random(2)
    feelings = Counter(
        dict(answer_of_page(PAGE, INPUTS, drawn) or ())["feeling"] for _ in range(50)
    )
    assert feelings.most_common(1)[0][1] > 30


def test_a_page_that_needs_an_eye_has_no_answer():
    drawing = '<form><crowd-bounding-box name="b" labels="[]"></crowd-bounding-box></form>'
    assert answer_of_page(drawing, INPUTS, random.Random(3)) is None
    assert answer_of_page("<p>Nothing to fill in</p>", INPUTS, random.Random(3)) is None
