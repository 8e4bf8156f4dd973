"""Work that was sent back, as its worker sees it."""

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from types import ModuleType
from typing import Any

import pytest
from crowdloom.contracts.task import SubmissionReturned
from flask.testing import FlaskClient
from worker_service.bootstrap import Application

NOTE = "The last word is missing."


@pytest.fixture
def story(make: ModuleType) -> list[Any]:
    received = make.submitted(1)
    returned = SubmissionReturned(
        submission_id=received.submission_id,
        assignment_id=received.assignment_id,
        task_id=received.task_id,
        batch_id=received.batch_id,
        requester_id=received.requester_id,
        pseudonym=received.pseudonym,
        rework_assignment_id="asg_002",  # type: ignore[arg-type]
        returned_at=received.submitted_at + timedelta(hours=1),
        note=NOTE,
    )
    return [make.claimed(1), received, returned, make.claimed(2)]


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_the_old_item_says_why_and_the_new_one_what_to_do_in_any_order(
    application: Application, deliver: Any, story: list[Any], order: tuple[int, ...]
) -> None:
    deliver(*(story[place] for place in order))
    items = application.show_work("wrk_1", count_max=10).items
    found = {item.assignment_id: item for item in items}
    assert (found["asg_001"].status.word, found["asg_001"].reason) == ("sent_back", NOTE)
    assert found["asg_001"].again_as == "asg_002"
    assert (found["asg_002"].status.word, found["asg_002"].note) == ("claimed", NOTE)


def test_what_was_sent_back_leads_to_the_item_that_is_to_be_done_again(
    browser: FlaskClient, deliver: Any, story: list[Any]
) -> None:
    deliver(*story)
    assert (
        'action="/match/assignments/asg_002/open"'
        in browser.get("/work/my-work?status=sent_back").text
    )


def test_what_was_done_again_is_asked_for_no_more_but_says_how_far_it_is(
    browser: FlaskClient, deliver: Any, story: list[Any], make: ModuleType
) -> None:
    first, second = (f"asg_{number:026d}" for number in (1, 2))
    claimed, received, returned, again = story
    deliver(
        *(replace(event, assignment_id=first) for event in (claimed, received)),
        replace(returned, assignment_id=first, rework_assignment_id=second),
        *(replace(event, assignment_id=second) for event in (again, make.submitted(2))),
    )
    for page in ("/work/my-work?status=sent_back", f"/work/assignments/{first}"):
        shown = browser.get(page).text
        assert "do it again in its place" not in shown, page
        assert "asks you to do it again" not in shown, page
        assert f"{second}/open" not in shown, page
        assert f'href="/work/assignments/{second}"' in shown, page
        assert "in its place: in review" in shown, page
