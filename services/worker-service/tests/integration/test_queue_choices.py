import re
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from crowdloom.contracts.task import Requirements
from crowdloom.kernel import Money
from crowdloom.testkit.ports import BEGINNING, FrozenClock
from flask.testing import FlaskClient
from worker_service.bootstrap import Application
from worker_service.domain.queue_choices import HIDDEN_MAX, QueueChoices

Deliver = Callable[..., None]


def read(browser: FlaskClient, path: str, status: int = 200) -> str:
    answer = browser.get(path, follow_redirects=True)
    assert answer.status_code == status, answer.text
    text: str = answer.text
    return text


def offers(browser: FlaskClient, query: str = "") -> str:
    return read(browser, f"/work/queue/offers?{query}")


@pytest.fixture
def two_batches(make: ModuleType, deliver: Deliver) -> None:
    deliver(make.opened("bat_1", title="Short one", lease_seconds=120), make.released("bat_1"))
    longer = {"requester_id": "req_2", "requester_name": "Pine Lab", "lease_seconds": 3_600}
    reward = Money.of_minor(60, "USD")
    deliver(make.opened("bat_2", title="Long one", reward=reward, **longer), make.released("bat_2"))


@pytest.mark.usefixtures("two_batches")
def test_what_one_hides_is_gone_until_one_undoes_it(browser: FlaskClient) -> None:
    hidden = browser.post("/work/queue/hide", data={"batch_id": "bat_1"}, follow_redirects=True)
    assert "Undo" in hidden.text
    assert "Short one" not in offers(browser)
    assert "you hid it" in read(browser, "/work/queue/unseen")
    browser.post("/work/queue/show", data={"hidden_id": "bat_1"})
    assert "Short one" in offers(browser)
    browser.post("/work/queue/hide", data={"requester_id": "req_2"})
    assert "Long one" not in offers(browser)
    assert "you hid its requester" in read(browser, "/work/queue/unseen")
    browser.post("/work/queue/hide", data={"batch_id": "bat_1"})
    assert "Nothing but what you hid" in offers(browser)
    assert browser.post("/work/queue/hide", data={"batch_id": "bat_no"}).status_code == 303


def test_one_more_than_can_be_hidden_shows_the_oldest_again() -> None:
    choices = QueueChoices("wrk_1")
    for number in range(HIDDEN_MAX + 1):
        choices = choices.hiding_batch(f"bat_{number}", "title")
    assert len(choices.hidden_batches) == HIDDEN_MAX
    assert "bat_0" not in choices.hidden_batches


@pytest.mark.usefixtures("two_batches")
def test_a_filter_is_in_the_address_and_remembered_until_it_is_reset(browser: FlaskClient) -> None:
    for query, left in [
        ("reward=50", "Long one"),
        ("limit=5", "Short one"),
        ("requester=req_2", "Long one"),
        ("q=short", "Short one"),
    ]:
        page = offers(browser, query)
        assert left in page
        assert ("Short one" in page) != ("Long one" in page), query
    read(browser, "/work/queue?reward=50&q=&limit=")
    again = browser.get("/work/queue")
    assert again.status_code == 302
    assert again.location == "/work/queue?reward=50"
    assert "your filter leaves it out" in read(browser, "/work/queue/unseen?reward=50")
    assert browser.get("/work/queue?reset=1").location == "/work/queue"
    assert browser.get("/work/queue").status_code == 200


def test_what_asks_for_another_language_is_shown_without_a_way_to_begin(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    """Also where its audience asks for another one than its own; a region makes no difference."""
    finnish = Requirements(languages=("fi", "sv"))
    for number, (title, asked) in enumerate(
        [("British", {"language": "en-GB"}), ("Nordic", {"requirements": finnish})]
    ):
        deliver(make.opened(f"bat_{number}", title=title, **asked), make.released(f"bat_{number}"))
    mine, page = offers(browser), offers(browser, "language=any")
    assert ("British" in mine, "Nordic" in mine) == (True, False)
    assert "Nordic" in page
    assert "Finnish / Swedish" in page
    assert ("start-bat_0" in page, "start-bat_1" in page) == (True, False)
    assert "It is in a language that you did not choose" in page
    for number, begins in [(0, True), (1, False)]:
        preview = read(browser, f"/work/queue/bat_{number}")
        assert ('action="/match/claim"' in preview) is begins
    whole = read(browser, "/work/queue?language=any&q=nord")
    assert "Filters (2 in use)" in whole


def test_enter_in_the_search_asks_for_other_words_and_does_not_watch_them(
    browser: FlaskClient,
) -> None:
    page = read(browser, "/work/queue?q=whales")
    assert "Watch these words" in page
    fields = page.partition('<form class="filters"')[2].partition("</form>")[0]
    own = re.findall(r"<button(?![^>]*\bform=)[^>]*>([^<]*)", fields)
    assert own == ["Show"], "a browser presses the first one"
    assert 'id="watch-words"' in page


def test_alerts_count_what_is_new_and_watched_until_one_has_looked(
    browser: FlaskClient, make: ModuleType, deliver: Deliver, clock: FrozenClock
) -> None:
    deliver(make.opened("bat_1", title="Two sentences"), make.released("bat_1"))
    browser.post("/work/alerts", data={"q": "  whale   song "})
    browser.post("/work/alerts", data={"requester_id": "req_1"})
    assert "1 alert" in offers(browser)
    assert "Requester watched" in offers(browser)
    page = read(browser, "/work/alerts")
    assert "Fir Research Group" in page
    assert "“whale song”" in page
    assert "1 alert" not in offers(browser)
    clock.advance(seconds=300)
    later = BEGINNING + timedelta(minutes=4)
    whales = {"requester_id": "req_9", "title": "Whale song or ship?", "opened_at": later}
    deliver(make.opened("bat_9", **whales), make.released("bat_9"))
    assert "1 alert" in offers(browser)
    assert "Whale song or ship?" in read(browser, "/work/alerts")
    browser.post("/work/alerts/stop", data={"key": "words:whale song"})
    assert "Whale song or ship?" not in read(browser, "/work/alerts")
    assert "Say what to watch" in browser.post("/work/alerts", follow_redirects=True).text


def test_sound_is_off_at_first_and_quiet_hours_are_kept(
    browser: FlaskClient, application: Application
) -> None:
    assert not application.choose_queue.get("wrk_1").sound
    hours = {"sound": "1", "since": "22:00", "until": "07:30"}
    browser.post("/work/alerts/quiet", data=hours)
    page = read(browser, "/work/queue")
    assert 'data-quiet-since="22:00" data-quiet-until="07:30"' in page
    half = {"since": "25:00", "until": "07:30"}
    refused = browser.post("/work/alerts/quiet", data=half)
    assert refused.status_code == 422
    assert "Both times, or neither." in refused.text
    assert 'value="07:30"' in refused.text, "what was typed is kept"
    assert application.choose_queue.get("wrk_1").quiet.since == "22:00"
    browser.post("/work/alerts/quiet", data={"since": "", "until": ""})
    assert application.choose_queue.get("wrk_1").quiet.since == ""


def test_a_long_queue_comes_in_steps_and_its_filter_stays(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    for number in range(51):
        deliver(
            make.opened(f"bat_{number:02d}", opened_at=BEGINNING - timedelta(seconds=number)),
            make.released(f"bat_{number:02d}"),
        )
    page = read(browser, "/work/queue?sort=newest")
    assert page.count('<article class="job"') == 50
    assert "50 of 51 projects are shown" in page
    more = "/work/queue?sort=newest&amp;shown=100#offer-bat_50"
    assert f'href="{more}"' in page
    whole = read(browser, more.replace("&amp;", "&"))
    assert whole.count('<article class="job"') == 51
    assert "/work/queue/offers?sort=newest&amp;shown=100" in whole
    assert "of 51 projects" not in whole
    assert read(browser, "/work/queue?shown=7").count('<article class="job"') == 50


@pytest.mark.usefixtures("two_batches")
def test_the_fragment_is_answered_in_short_while_nothing_changed(
    browser: FlaskClient, make: ModuleType, deliver: Deliver
) -> None:
    first = browser.get("/work/queue/offers")
    same = browser.get("/work/queue/offers", headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")
    deliver(make.opened("bat_3"), make.released("bat_3"))
    changed = browser.get("/work/queue/offers", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


def test_a_requesters_page_shows_facts_once_there_are_enough(
    browser: FlaskClient, make: ModuleType, deliver: Deliver, application: Application
) -> None:
    read(browser, "/work/requesters/req_1", 404)
    deliver(make.opened(), make.released())
    assert "too few decisions" in read(browser, "/work/requesters/req_1")
    events: list[Any] = []
    for number in range(6):
        decided = make.accepted(number) if number else make.rejected(number)
        events += [make.claimed(number), make.submitted(number), decided]
    deliver(*events)
    application.measure_pay()
    application.measure_requesters()
    page = read(browser, "/work/requesters/req_1")
    assert "$9.00" in page
    assert "83" in page
    assert "median" in read(browser, "/work/queue/offers")


def test_choices_go_with_the_account(browser: FlaskClient, application: Application) -> None:
    browser.post("/work/alerts", data={"q": "whales"})
    application.close_account("wrk_1")
    assert application.database["queue_choices"].count_documents({}) == 0
