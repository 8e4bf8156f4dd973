from types import ModuleType
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser as HTMLParser
from task_service.bootstrap import Application

TERMS = {
    "redundancy": "3",
    "reward": "0.05",
    "lease_minutes": "10",
    "auto_accept_days": "3",
    "title": "",
}
TABLE = b"sentence\nIt rained.\nThe sun shone.\n"


@pytest.fixture
def new_batch(requester: Any) -> str:
    """The address of the form."""
    return f"/requester/projects/{requester.project()['project_id']}/batches/new"


@pytest.fixture
def draft(browser: Any, new_batch: str) -> str:
    """The address of a draft with two tasks."""
    location: str = browser.send(new_batch, table=TABLE, **TERMS).location
    return location


def batches(application: Application) -> list[dict[str, Any]]:
    return list(application.database["batches"].find())


def published(application: Application) -> int:
    rows = application.database["outbox"].find()
    return sum(row["type"].startswith("task.batch.funding_requested") for row in rows)


def test_terms_and_table_in_one_form_make_a_draft_with_its_cost(
    browser: Any, new_batch: str, words: Any
) -> None:
    page = words(browser.follow(new_batch, table=TABLE, **TERMS))
    assert "Draft: nobody sees it before you publish it." in page
    assert "Row 1 of 2" in page
    assert "Publish for $0.36" in page
    assert "Fee for an answer (20%) + $0.01" in page
    assert "accepted by itself after 3 days" in page


@pytest.mark.parametrize(
    ("typed", "minor"),
    [("0.05", 5), ("0.1", 10), ("1", 100), ("۰٫۰۵", 5), ("1000.00", 100_000), ("0.010", 1)],
)
def test_a_reward_is_read_exactly(
    browser: Any, application: Application, new_batch: str, typed: str, minor: int
) -> None:
    browser.follow(new_batch, table=TABLE, **{**TERMS, "reward": typed})
    assert batches(application)[0]["terms"]["reward"]["amount_minor"] == minor


@pytest.mark.parametrize(
    ("name", "typed", "sentence"),
    [
        ("reward", "", "Write an amount"),
        ("reward", "0", "between $0.01 and $1,000.00"),
        ("reward", "-1", "Write an amount"),
        ("reward", "0.005", "The smallest step is $0.01"),
        ("reward", "1,50", "Write an amount"),
        ("reward", "NaN", "Write an amount"),
        ("reward", "1e3", "Write an amount"),
        ("reward", "99999999999999999", "Write an amount"),
        ("reward", "1000.01", "between $0.01 and $1,000.00"),
        ("redundancy", "0", "from 1 to 99"),
        ("redundancy", "2.5", "from 1 to 99"),
        ("lease_minutes", "9999", "from 1 to 1,440"),
        ("auto_accept_days", "31", "from 0 to 30"),
        ("wanted_days", "366", "from 1 to 365"),
        ("title", "x" * 129, "at most 128 characters"),
    ],
)
def test_terms_out_of_bounds_are_said_in_place_and_made_of_nothing(
    browser: Any, application: Application, new_batch: str, name: str, typed: str, sentence: str
) -> None:
    page = browser.sent(new_batch, 422, table=TABLE, **{**TERMS, name: typed})
    assert sentence in page
    assert f'id="{name}-error"' in page
    assert batches(application) == []


@pytest.mark.parametrize(
    ("table", "sentences"),
    [
        (b"", ["The file is empty"]),
        (b"\xff\xfes\n\n", ["Not UTF-16-LE"]),
        (b"other\nx\n", ["The template needs this column", "sentence"]),
        (b'sentence\nfine\na,b\n"x",y,z\n', ["2 cells where the header has 1", "3 cells"]),
        (b"sentence\n", ["a header and no row"]),
        (b'sentence\n"open\n', ["never closed"]),
        (b"sentence,sentence\nx,y\n", ["there twice"]),
    ],
)
def test_a_faulty_table_shows_every_line_with_its_reason_and_makes_nothing(
    browser: Any, application: Application, new_batch: str, table: bytes, sentences: list[str]
) -> None:
    page = browser.sent(new_batch, 422, table=table, **{**TERMS, "reward": "0.07"})
    for sentence in sentences:
        assert sentence in page
    assert "Nothing was created" in page
    assert 'value="0.07"' in page
    assert batches(application) == []
    assert application.database["tasks"].count_documents({}) == 0


def test_many_faults_are_counted_and_the_first_hundred_shown(browser: Any, new_batch: str) -> None:
    page = browser.sent(new_batch, 422, table=b"sentence\n" + b"a,b\n" * 120, **TERMS)
    assert "120 faults in the table." in page
    assert "20 more faults are not shown." in page
    assert page.count('<tr class="faulty">') == 100


def test_no_file_is_said_at_the_field(browser: Any, new_batch: str) -> None:
    assert "Choose a file" in browser.sent(new_batch, 422, **TERMS)


def test_a_form_pressed_twice_makes_one_batch(
    browser: Any, application: Application, new_batch: str
) -> None:
    sent = [browser.send(new_batch, key="k", table=TABLE, **TERMS) for _ in range(2)]
    assert sent[0].location == sent[1].location
    assert len(batches(application)) == 1


@pytest.mark.parametrize("query", ["row=999", "row=0", "row=x", "row=²", "row=-1", "width=tv"])
def test_an_odd_preview_address_is_no_error(browser: Any, draft: str, query: str) -> None:
    page = browser.read(f"{draft}?{query}")
    assert f'src="/requester/frame/batches/{draft.rsplit("/", 1)[1]}/' in page


def test_the_preview_goes_row_by_row_in_two_widths_themes_and_directions(
    browser: Any, draft: str
) -> None:
    page = browser.read(f"{draft}?row=2&width=phone")
    assert '/2?row=2&amp;scheme=light" title="Preview of row 2"' in page
    frame = HTMLParser(page).css_first("iframe.frame.phone").attributes
    assert frame["sandbox"] == "allow-scripts allow-forms"
    assert "row=1&amp;width=phone" in page
    assert 'rel="next"' not in page
    page = browser.read(f"{draft}?scheme=dark&direction=rtl")
    assert 'class="frame desktop dark"' in page
    assert "/1?row=1&amp;scheme=dark&amp;direction=rtl" in page


def test_pay_per_hour_follows_from_the_seconds_one_says(
    browser: Any, draft: str, words: Any
) -> None:
    assert "Not measured yet" in browser.read(draft)
    assert "$6.00 an hour if an item takes 30 sec" in words(browser.read(f"{draft}?seconds=30"))
    assert "Not measured yet" in browser.read(f"{draft}?seconds=0")


def test_another_table_takes_the_place_of_the_first(browser: Any, draft: str) -> None:
    page = browser.follow(f"{draft}/table", table=b"sentence\nOnly one.\n")
    assert "Row 1 of 1" in page
    assert "Nothing was created" in browser.sent(f"{draft}/table", 422, table=b"")
    assert "Row 1 of 1" in browser.read(draft)


def test_publish_pressed_twice_asks_for_the_funds_once(
    browser: Any, application: Application, draft: str
) -> None:
    page = browser.follow(f"{draft}/publish")
    assert "Reserving funds" in page
    browser.follow(f"{draft}/publish")
    assert published(application) == 1


def test_a_draft_without_tasks_says_what_it_lacks(
    browser: Any, requester: Any, application: Application
) -> None:
    batch = f"/requester/batches/{requester.batch()['batch_id']}"
    assert "No table yet" in browser.read(batch)
    assert "the batch has no tasks" in browser.follow(f"{batch}/publish")
    assert published(application) == 0


def test_missing_funds_are_named_with_the_way_to_add_them_and_it_stays_a_draft(
    browser: Any, make: ModuleType, deliver: Any, requester: Any, draft: str, words: Any
) -> None:
    browser.send(f"{draft}/publish")
    batch_id = draft.rsplit("/", 1)[1]
    deliver(make.declined(requester.get(f"/batches/{batch_id}").json, requester))
    page = browser.read(draft)
    assert "$0.07 was missing when you published" in words(page)
    assert f'href="/pay/wallet?missing=0.07&amp;next=/requester/batches/{batch_id}"' in page
    assert "Publish for" in page


def test_a_running_batch_shows_its_answers_and_can_be_paused_resumed_and_cancelled(
    browser: Any, requester: Any, open_batch: Any, hand_out: Any, words: Any
) -> None:
    batch = open_batch(requester)
    address = f"/requester/batches/{batch['batch_id']}"
    hand_out(requester, batch).submit()
    page = words(browser.read(address))
    assert "Running" in page
    assert "1 of 4" in page
    assert "0 of 4 answers accepted, 1 in review" in browser.read(address)
    assert "Resume" in browser.follow(f"{address}/pause")
    assert "Pause" in browser.follow(f"{address}/resume")
    page = browser.follow(f"{address}/cancel")
    assert "the rest goes back to your wallet" in page
    assert f'action="{address}/resume"' not in page
    assert "another state by now: Cancelled" in browser.follow(f"{address}/resume")


def test_the_progress_fragment_asks_for_the_whole_page_once_the_state_is_another(
    browser: Any, requester: Any, open_batch: Any
) -> None:
    address = f"/requester/batches/{open_batch(requester)['batch_id']}"
    same = browser.client.get(f"{address}/progress?seen=open")
    assert "<html" not in same.text
    assert "HX-Refresh" not in same.headers
    assert browser.client.get(f"{address}/progress?seen=funding").headers["HX-Refresh"] == "true"


def test_another_requesters_batch_is_not_there(
    other_browser: Any, requester: Any, open_batch: Any
) -> None:
    address = f"/requester/batches/{open_batch(requester)['batch_id']}"
    for path in ("", "/progress", "/table", "/review", "/results", "/answers", "/results/tidy"):
        other_browser.read(address + path, 404)
    for path in ("/publish", "/pause", "/resume", "/cancel", "/table", "/review", "/review/sub_1"):
        assert other_browser.send(address + path).status_code == 404
    assert requester.get(f"/batches/{address.rsplit('/', 1)[1]}").json["status"] == "open"


def test_a_batch_in_persian_reads_in_persian_digits(browser: Any, draft: str) -> None:
    page = browser.read(f"{draft}?lang=fa")
    assert 'dir="rtl"' in page
    assert "۲" in page


def test_a_batch_that_is_over_is_put_away_and_taken_out_again(
    requester: Any, browser: Any, words: Any, open_batch: Any
) -> None:
    batch = requester.batch_with_tasks(title="Old one")
    project = f"/requester/projects/{batch['project_id']}"
    page = f"/requester/batches/{batch['batch_id']}"
    assert "Archived" in words(browser.follow(f"{page}/archive"))
    assert "Old one" not in words(browser.read(project))
    assert "Old one" in words(browser.read(f"{project}?archived=1"))
    assert "Restored" in words(browser.follow(f"{page}/restore"))
    assert "Old one" in words(browser.read(project))
    running = open_batch(requester)
    refused = requester.post(f"/batches/{running['batch_id']}/archive")
    assert (refused.status_code, refused.json["code"]) == (409, "wrong_batch_status")
