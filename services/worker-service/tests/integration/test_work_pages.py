import csv
import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from crowdloom.contracts.task import BatchPaused
from crowdloom.testkit.ports import FrozenClock
from flask.testing import FlaskClient
from worker_service.bootstrap import Application

Deliver = Callable[..., None]
WORKER = "wrk_1"


def long_id(number: int) -> str:
    return f"asg_{number:026d}"


def read(browser: FlaskClient, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, answer.text
    text: str = answer.text
    return text


def test_the_queue_offers_a_batch_with_a_form_that_claims_it(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(), make.released())
    page = read(browser, "/work/queue")
    assert "Does the second sentence follow?" in page
    assert "not measured yet" in page
    assert 'action="/match/claim"' in page
    assert 'name="batch_id" value="bat_1"' in page


def test_a_real_item_is_looked_at_with_its_terms_before_it_is_claimed(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(), make.released())
    assert 'href="/work/queue/bat_1"' in read(browser, "/work/queue")
    page = read(browser, "/work/queue/bat_1?item=2")
    assert 'src="/match/batches/bat_1/preview?item=2"' in page
    assert 'sandbox="allow-scripts allow-forms"' in page
    assert "/work/queue/bat_1?item=3" in page
    assert "appealed for seven days" in page
    assert 'action="/match/claim"' in page
    assert "item=1" in read(browser, "/work/queue/bat_1?item=99")
    deliver(BatchPaused("bat_1"))
    page = read(browser, "/work/queue/bat_1")
    assert "Not open now" in page
    assert "/match/" not in page
    read(browser, "/work/queue/bat_none", 404)


def test_the_fragment_holds_what_the_page_holds(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(), make.released())
    fragment = read(browser, "/work/queue/offers?q=sentence")
    assert "<html" not in fragment
    assert "Does the second sentence follow?" in fragment
    assert "Nothing fits these filters" in read(browser, "/work/queue/offers?q=bicycle")


def test_an_empty_queue_says_what_to_do(browser: FlaskClient) -> None:
    assert "No work just now" in read(browser, "/work/queue")


@pytest.mark.parametrize(
    "query", ["min=9999", "min=x", "sort=random", "language=%00", "q=" + "x" * 9_999, "min=-1"]
)
def test_an_odd_address_is_no_error(browser: FlaskClient, query: str) -> None:
    read(browser, f"/work/queue?{query}")


def test_a_title_with_markup_is_shown_as_text(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(title="<script>alert(1)</script>"), make.released())
    page = read(browser, "/work/queue")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_my_work_lists_every_state_with_its_date_or_reason(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened())
    deliver(make.claimed(1), make.claimed(2), make.submitted(2), make.claimed(3))
    deliver(make.submitted(3), make.rejected(3, reason="Wrong <sentence>."), make.returned(4))
    page = read(browser, "/work/my-work")
    for word in ("in work", "in review until", "rejected", "Wrong &lt;sentence&gt;.", "given back"):
        assert word in page
    assert page.count('name="then" value="my-work"') == 1, "what is in work can be returned here"
    assert page.count("data-confirm") == 1, "and nobody returns it by a slip"
    only = read(browser, "/work/my-work?status=rejected")
    assert "asg_003" in only
    assert "asg_002" not in only


def test_my_work_is_searched_by_words_and_days_and_the_file_goes_by_the_same(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(), make.opened("bat_2", title="Draw (a) box"))
    deliver(make.claimed(1), make.claimed(2, batch_id="bat_2"))
    for query, shown, hidden in [
        ("q=draw+(A)", "asg_002", "asg_001"),
        ("q=SENTENCE", "asg_001", "asg_002"),
    ]:
        assert shown in read(browser, f"/work/my-work?{query}")
        assert hidden not in read(browser, f"/work/my-work?{query}")
        assert hidden not in read(browser, f"/work/my-work.csv?{query}")
    day = make.CLAIMED.date().isoformat()
    assert "asg_001" in read(browser, f"/work/my-work?since={day}&until={day}")
    assert "Nothing fits" in read(browser, "/work/my-work?until=2001-01-01")
    browser.set_cookie("cl_zone", "Pacific/Kiritimati")
    there = make.CLAIMED.astimezone(ZoneInfo("Pacific/Kiritimati")).date()
    assert "asg_001" in read(browser, f"/work/my-work?since={there}&until={there}")
    assert "Nothing fits" in read(browser, f"/work/my-work?since={there + timedelta(days=1)}")
    for odd in ("since=x", "since=0001-01-01", "until=9999-12-31", "q=%00"):
        read(browser, f"/work/my-work?{odd}")


def test_standing_counts_what_became_of_the_work_and_leaves_appeals_out(
    browser: FlaskClient,
    make: ModuleType,
    deliver: Deliver,
    application: Application,
    clock: FrozenClock,
) -> None:
    assert "Go to the queue" in read(browser, "/work/standing")
    deliver(make.opened(), *(make.claimed(n) for n in range(1, 8)))
    for number in (1, 2, 3, 4, 5):
        deliver(make.submitted(number))
    deliver(make.accepted(1), make.accepted(2), make.settled(2), make.rejected(3))
    deliver(make.rejected(4), make.returned(6), make.expired(7))
    application.appeal_rejection.open(WORKER, "asg_004", "It follows rule two.")
    found = application.standing(WORKER)
    assert (found.n, found.accepted, found.rejected, found.under_appeal) == (7, 2, 1, 1)
    assert (found.in_review, found.returned, found.expired) == (1, 1, 1)
    page = read(browser, "/work/standing")
    assert "67%" in page
    assert "Known answers" not in page
    deliver(make.defined())
    for answer in ("spruce", "fir"):
        application.qualify.take_test(WORKER, "qlf_1", [("q1", answer)])
        clock.advance(seconds=60)
    page = read(browser, "/work/standing")
    assert ("Right over 2 tries of tests." in page, "50%" in page) == (True, True)
    assert "Fir Research Group" in page


def test_my_work_without_work_leads_to_the_queue(browser: FlaskClient) -> None:
    assert "Go to the queue" in read(browser, "/work/my-work")


def test_a_forged_cursor_is_a_page_that_says_so(browser: FlaskClient) -> None:
    read(browser, "/work/my-work?cursor=forged", 422)


def test_the_file_is_safe_in_a_spreadsheet(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(title="=HYPERLINK(evil)", requester_name="Fir, Research"))
    deliver(make.claimed(1), make.submitted(1), make.rejected(1, reason="@sum(1)\nno"))
    answer = browser.get("/work/my-work.csv")
    assert answer.mimetype == "text/csv"
    text = answer.data.decode("utf-8-sig")
    header, row = list(csv.reader(io.StringIO(text)))
    cells = dict(zip(header, row, strict=True))
    assert cells["assignment_id"] == "asg_001"
    assert cells["requester"] == "Fir, Research"
    assert (cells["reward"], cells["currency"]) == ("0.05", "USD")
    assert cells["title"].startswith("'=")
    assert cells["reason"].startswith("'@")


def test_the_file_holds_all_pages(
    browser: FlaskClient, make: ModuleType, deliver: Deliver, application: Application
) -> None:
    items = application.database["work_items"]
    items.insert_many(
        {"_id": f"asg_{n:04d}", "worker_id": WORKER, "batch_id": "bat_1", "rank": 10}
        for n in range(450)
    )
    lines = browser.get("/work/my-work.csv").data.decode().splitlines()
    assert len(lines) == 451


def test_a_fresh_claim_opens_before_its_event_has_come(browser: FlaskClient) -> None:
    page = read(browser, f"/work/assignments/{long_id(1)}")
    assert 'sandbox="allow-scripts allow-forms"' in page
    assert f'src="/frame/assignments/{long_id(1)}"' in page
    assert f"/api/matching/v1/assignments/{long_id(1)}" in page


def test_a_fresh_claim_s_page_tells_of_the_batch_that_it_is_asked_for_with(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(), make.released())
    page = read(browser, f"/work/assignments/{long_id(1)}?batch=bat_1")
    assert "Does the second sentence follow?" in page
    assert page.count('name="batch_id" value="bat_1"') == 2, "Skip and the next one, without script"
    deliver(make.claimed(1, assignment_id=long_id(1)))
    page = read(browser, f"/work/assignments/{long_id(1)}?batch=bat_2")
    assert "Does the second sentence follow?" in page, "what is known counts"


def test_a_known_claim_opens_with_its_facts(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(), make.released(), make.claimed(1, assignment_id=long_id(1)))
    page = read(browser, f"/work/assignments/{long_id(1)}")
    assert "Does the second sentence follow?" in page
    assert "$0.05" in page
    assert "<noscript>" in page
    assert f"/match/assignments/{long_id(1)}/return" in page
    assert f"/match/assignments/{long_id(1)}/extend" in page
    assert 'name="after"' not in page
    of_several = read(browser, f"/work/assignments/{long_id(1)}?several=1")
    assert of_several.count(f'name="after" value="{long_id(1)}"') == 4, "each form goes on with it"


@pytest.mark.parametrize("bad", ["asg_1", "nonsense", "asg_" + "0" * 25 + "!", "tsk_" + "0" * 26])
def test_an_unknown_shape_of_id_is_not_found(browser: FlaskClient, bad: str) -> None:
    read(browser, f"/work/assignments/{bad}", 404)


def test_another_workers_assignment_is_not_found(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.claimed(1, assignment_id=long_id(1), worker_id="wrk_2"))
    read(browser, f"/work/assignments/{long_id(1)}", 404)


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        (["submitted"], "Your answer was received"),
        (["submitted", "accepted"], "on its way into your earnings"),
        (["submitted", "accepted", "settled"], "the reward is in your earnings"),
        (["submitted", "rejected"], "It is about another sentence."),
        (["returned"], "You gave this item back"),
        (["expired"], "Your work is kept as a draft"),
    ],
)
def test_an_assignment_that_is_over_says_what_became_of_it(
    browser: FlaskClient,
    make: ModuleType,
    deliver: Deliver,
    steps: list[str],
    sentence: str,
) -> None:
    deliver(make.opened(), make.released())
    for step in ["claimed", *steps]:
        event: Any = getattr(make, step)(1)
        deliver(replace(event, assignment_id=long_id(1)))
    page = read(browser, f"/work/assignments/{long_id(1)}")
    assert sentence in page
    assert "task-frame" not in page


def test_pages_hold_no_inline_script_or_style(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(), make.released(), make.claimed(1, assignment_id=long_id(1)))
    paths = ["/work/queue", "/work/my-work", "/work/settings", f"/work/assignments/{long_id(1)}"]
    for path in paths:
        page = read(browser, path)
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=", page)


def test_pages_are_there_in_persian_from_right_to_left(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    deliver(make.opened(), make.released())
    page = read(browser, "/work/queue?lang=fa")
    assert '<html lang="fa" dir="rtl"' in page
    assert "صف کار" in page
    assert "Work you can do now" not in page
