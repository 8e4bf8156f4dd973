"""The editor: drafts are saved as they are typed, two tabs notice each other, a project is made."""

import re
from typing import Any

import pytest
from task_service.bootstrap import Application

DRAFTS = "/requester/drafts"
FIELD = '<p>${text}</p>\n<label>Say <input name="a"></label>'
TYPED = {"title": "Mine", "description": "Say it.", "template": FIELD}


@pytest.fixture
def draft(browser: Any) -> str:
    """The address of a draft that was begun with the form of a new project."""
    address: str = browser.send(DRAFTS, **TYPED).location
    return address


def saved(browser: Any, address: str, status: int, **fields: Any) -> str:
    """What a script gets that saves."""
    answer = browser.client.post(
        address, data={**TYPED, **fields}, headers={"X-Editor": "1", "Accept": "text/html"}
    )
    assert answer.status_code == status, answer.text
    text: str = answer.text
    return text


def version_of(page: str) -> str:
    found = re.search(r'data-version="(\d+)"', page)
    assert found
    return found[1]


def test_a_template_is_used_with_its_sample_rows_up_to_the_form_of_a_batch(
    browser: Any, application: Application
) -> None:
    used = browser.send("/requester/templates/classification/use").location
    page = browser.read(used)
    assert "Row 1 of 3" in re.sub(r"<[^>]+>", "", page)
    frame = browser.read(used.replace(DRAFTS, "/requester/frame/drafts") + "?row=2&scheme=light")
    assert "Toimitus myöhästyi" in frame
    form = {"title": "Mine", "description": "Say it.", "version": "1"}
    made = browser.send(f"{used}/make", **form, template=FIELD)
    assert made.status_code == 303
    batch = browser.read(made.location)
    assert "classification.csv is kept" in batch
    browser.read(used, 404)
    assert application.database["project_drafts"].count_documents({}) == 0
    kept = {name: re.search(rf'name="{name}" value="([^"]*)"', batch) for name in ("kept", "name")}
    given = {name: found[1] for name, found in kept.items() if found}
    rows = browser.follow(
        made.location.partition("?")[0],
        reward="0.05",
        redundancy="3",
        lease_minutes="10",
        auto_accept_days="3",
        title="",
        **given,
    )
    assert "Row 1 of 3" in re.sub(r"<[^>]+>", "", rows)


def test_saving_says_what_is_found_by_line_and_for_the_rows_at_hand(
    browser: Any, draft: str
) -> None:
    page = saved(browser, draft, 200, version="1", template='<p>${other}</p>\n<input name="a">')
    assert version_of(page) == "2"
    assert 'data-line="2"' in page
    assert "The table has no column" not in page
    browser.follow(draft, **TYPED, version="2", table="text\nHello ü\nSecond\n".encode())
    page = saved(browser, draft, 200, version="3", template='<p>${other}</p>\n<input name="a">')
    assert "The table has no column “other”" in page
    frame = browser.read(draft.replace(DRAFTS, "/requester/frame/drafts"))
    assert "${other}" in frame


def test_two_tabs_that_edit_one_draft_notice_each_other_and_nothing_is_lost(
    browser: Any, draft: str
) -> None:
    assert version_of(saved(browser, draft, 200, version="1", title="First tab")) == "2"
    refused = saved(browser, draft, 409, version="1", title="Second tab")
    assert "In another tab this draft was changed since" in refused
    assert version_of(refused) == "2"
    page = browser.sent(draft, 409, **{**TYPED, "title": "Second tab"}, version="1")
    assert 'value="Second tab"' in page
    assert 'name="version" value="2" autocomplete="off"' in page
    assert "First tab" in browser.read(draft)
    browser.sent(f"{draft}/make", 409, **{**TYPED, "title": "Second tab"}, version="1")
    assert version_of(saved(browser, draft, 200, version="2", title="Second tab")) == "3"
    # The same once more, as after a lost answer, is no conflict.
    assert version_of(saved(browser, draft, 200, version="2", title="Second tab")) == "3"


def test_what_cannot_be_a_project_stays_a_draft_and_is_told_in_place(
    browser: Any, draft: str
) -> None:
    assert "asks nothing" in saved(browser, draft, 200, version="1", template="<p>Soon</p>")
    page = browser.sent(f"{draft}/make", 422, **{**TYPED, "template": "<p>Soon</p>"}, version="2")
    assert "Add at least one field with a name" in page
    assert "larger than 512 kB" in saved(browser, draft, 422, version="2", template="x" * 520_000)
    assert "The title has 1 to 128" in saved(browser, draft, 422, version="2", title="x" * 129)
    for table in (b"%PDF-1.4 no rows", b"a,b\n1\n"):
        assert 'id="table-error"' in browser.sent(draft, 422, **TYPED, version="2", table=table)


def test_a_copy_of_a_project_is_edited_on_the_rows_of_its_newest_batch(
    browser: Any, requester: Any
) -> None:
    batch = requester.batch_with_tasks()
    edited = browser.send(f"/requester/projects/{batch['project_id']}/edit").location
    assert "It rained." in browser.read(edited.replace(DRAFTS, "/requester/frame/drafts"))
    assert edited in browser.read("/requester/projects")
    assert "The draft is gone" in browser.follow(f"{edited}/throw-away")
    browser.read(edited, 404)


def test_there_are_only_so_many_drafts(browser: Any, draft: str) -> None:
    for _ in range(49):
        assert browser.send(DRAFTS, **TYPED).location.startswith(DRAFTS)
    assert "There are 50 drafts already" in browser.follow(DRAFTS, **TYPED)
    browser.send(f"{draft}/throw-away")
    assert browser.send(DRAFTS, **TYPED).location.startswith(DRAFTS)


def test_a_requester_who_answers_a_row_is_told_what_an_hour_of_it_pays(
    browser: Any, draft: str, clock: Any, words: Any
) -> None:
    browser.follow(draft, **TYPED, version="1", table=b"text\nHello\nSecond\n")
    for seconds in (50, 36, 5000):
        begun = browser.send(f"{draft}/try", row="2").location
        page = browser.read(begun)
        assert "row=2&amp;scheme=light" in page
        stamp = re.search(r'name="begun" value="([^"]+)"', page)
        assert stamp
        clock.advance(seconds=seconds)
        told = browser.follow(f"{draft}/try/done", begun=stamp[1])
        assert ("nothing was noted" in told) == (seconds > 3600)
    assert "An item took you 36 sec" in words(told)
    browser.sent(f"{draft}/try/done", 422, begun="forged")
    made = browser.send(f"{draft}/make", **TYPED, version="1").location
    page = browser.read(made)
    assert "A reward of $0.08 pays $8.00 an hour" in words(page)
    given = {name: re.search(rf'name="{name}" value="([^"]*)"', page) for name in ("kept", "name")}
    terms = {"redundancy": "1", "lease_minutes": "10", "auto_accept_days": "3", "title": ""}
    sent = browser.send(
        made.partition("?")[0],
        reward="0.08",
        **terms,
        **{name: found[1] for name, found in given.items() if found},
    )
    assert "as it took you" in browser.read(sent.location)
    begun = browser.send(f"{sent.location}/try", row="1").location
    page = browser.read(begun)
    assert f"/requester/frame/batches/{sent.location.rpartition('/')[2]}/1?" in page
    stamp = re.search(r'name="begun" value="([^"]+)"', page)
    assert stamp
    clock.advance(seconds=20)
    browser.send(f"{sent.location}/try/done", begun=stamp[1])
    assert "if an item takes 36 sec, as it took you" in words(browser.read(sent.location))
