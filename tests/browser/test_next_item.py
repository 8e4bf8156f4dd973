"""From one item to the next: the next one claimed at once, the ten seconds to undo, the queue."""

import json
from functools import partial
from typing import Any

import pytest
from crowdloom.testkit.frames import task_frame
from crowdloom.testkit.waiting import until
from playwright.sync_api import BrowserContext, Page, Route, expect

pytestmark = pytest.mark.browser

FIELD = '<label>Your answer <input name="a" required></label>'
STATE = "[data-draft-state]"
KEPT = "assignment => localStorage.getItem('cl_answer_' + assignment)"
TOAST = "[data-hand-in]"
FACTS = {
    "status": "leased",
    "batch_id": "bat_1",
    "title": "Look at this",
    "reward": {"amount_minor": 7, "currency": "USD"},
    "deadline": "2030-01-01T00:10:00Z",
}
NOW = "2030-01-01T00:00:00Z"
HOLD = """([name, due, text]) => localStorage.setItem("cl_answer_" + name, JSON.stringify(
    {answer: [["a", text ?? "yes"]], key: name, pressed: 1, at: Date.now(), due, title: "Look"}))"""
SWAPPED = "document.dispatchEvent(new CustomEvent('htmx:after:swap'))"


def press_submit(page: Page) -> None:
    page.locator("[data-submit]").click()


def test_the_next_item_is_claimed_at_once_where_wanted(open_item: Any, workplace: Any) -> None:
    page, frame, item = open_item()
    page.locator("[data-next-at-once]").check()
    page.locator("[data-undo]").check()
    frame.locator("[name=a]").fill("yes")
    with page.expect_request("**/match/claim") as claim:
        press_submit(page)
    assert claim.value.method == "POST"
    # A page closed while it is being replaced may never close: arrive first.
    page.wait_for_url("**/match/claim")
    # What comes in its place is no page that would hand it in later.
    until(lambda: workplace.answer_of(item) == [["a", "yes"]])
    page.goto(f"{workplace.origin}/work/assignments/{item.assignment_id}")
    page.locator("[data-undo]").uncheck()


def test_the_next_items_are_shown_in_the_same_page_and_each_has_its_place_in_the_history(
    open_item: Any, workplace: Any, context: BrowserContext
) -> None:
    page, frame, first = open_item()
    second, third = (workplace.item(FIELD) for _ in range(2))
    page.locator("[data-next-at-once]").check()
    page.evaluate("() => { window.stayed = true; }")
    for before, item in ((first, second), (second, third)):
        workplace.hand(context, item)
        # The last one was taken together with others, and its bar knows what the claim said.
        query, facts = ("?several=1", FACTS) if item is third else ("", None)
        location = f"/work/assignments/{item.assignment_id}{query}"
        there = json.dumps({"location": location, "facts": facts, "now": NOW})
        page.unroute_all()
        page.route("**/match/claim-ahead", partial(Route.fulfill, body=there))
        frame.locator("[name=a]").fill(before.assignment_id)
        press_submit(page)
        expect(page.locator("[data-facts-url]")).to_have_attribute(
            "data-assignment", item.assignment_id
        )
        assert page.url.endswith(location)
        frame = task_frame(page)
        expect(page.get_by_role("heading", level=1)).to_be_focused()
        assert workplace.answer_of(before) == [["a", before.assignment_id]]
    frame.locator("[name=a]").fill("draft")
    expect(page.locator(STATE)).to_have_text("Draft saved")
    assert workplace.draft_of(third) == [["a", "draft"]]
    assert page.evaluate("window.stayed")
    expect(page.locator("[data-fact=reward]")).to_have_text("$0.07")
    expect(page.locator("[data-next] [name=after]")).to_have_value(third.assignment_id)
    page.goto(f"{workplace.origin}/work/my-work")
    page.go_back()
    expect(task_frame(page).locator("[name=a]")).to_have_value("draft")
    page.evaluate("() => history.back()")
    page.wait_for_url(f"**{second.assignment_id}")
    notice = page.frame_locator("#task-frame").get_by_role("heading")
    expect(notice).to_have_text("Your answer was received")
    until(lambda: any(second.assignment_id in frame.url for frame in page.frames[1:]))
    expect(page.locator("[data-submit]")).to_be_disabled()


def test_of_one_batch_a_page_is_asked_for_once_and_each_item_has_its_own_forms(
    open_item: Any, workplace: Any, context: BrowserContext
) -> None:
    page, frame, _ = open_item()
    page.locator("[data-next-at-once]").check()
    asked: list[str] = []

    def know_batch(route: Route) -> None:
        """As if the batch had been announced to this desk."""
        asked.append(route.request.url)
        body = route.fetch().text().replace(" data-facts-url", ' data-lease="600" data-facts-url')
        once = '<p data-once>For this item alone</p><div class="note wait" role="alert"'
        route.fulfill(body=body.replace('<div class="note wait" role="alert"', once, 1))

    page.route("**/work/assignments/*?batch=bat_1", know_batch)
    keys: set[str] = set()
    items = [workplace.item(FIELD) for _ in range(3)]
    for item in items:
        workplace.hand(context, item)
        location = f"/work/assignments/{item.assignment_id}"
        there = json.dumps({"location": location, "facts": FACTS, "now": NOW})
        page.route("**/match/claim-ahead", partial(Route.fulfill, body=there))
        frame.locator("[name=a]").fill("yes")
        press_submit(page)
        expect(page.locator(f"[action='/match{location[5:]}/return']")).to_have_count(2)
        expect(page.locator("[data-fact=title]")).to_have_text("Look at this")
        expect(page.get_by_text("For this item alone")).to_have_count(int(item is items[0]))
        keys.add(page.locator("[data-next] [name=idempotency_key]").input_value())
        frame = task_frame(page)
    assert [url.split("/")[-1] for url in asked] == [f"{items[0].assignment_id}?batch=bat_1"]
    assert len(keys) == len(items)
    assert [workplace.answer_of(item) for item in items] == [[["a", "yes"]], [["a", "yes"]], None]


def test_a_submission_can_be_undone_for_ten_seconds_and_is_handed_in_when_one_leaves(
    open_item: Any, workplace: Any
) -> None:
    page, frame, item = open_item()
    page.locator("[data-undo]").check()
    frame.locator("[name=a]").fill("yes")
    press_submit(page)
    page.wait_for_url("**/work/queue")
    expect(page.locator(TOAST)).to_contain_text("Submitting your answer")
    assert workplace.answer_of(item) is None
    assert workplace.draft_of(item) == [["a", "yes"]]
    # Undo opens the item again by a form of matching-service, which is not part of this desk.
    with page.expect_navigation(url=f"**/match/assignments/{item.assignment_id}/open"):
        page.get_by_role("button", name="Undo").click()
    page.goto(f"{workplace.origin}/work/assignments/{item.assignment_id}")
    expect(task_frame(page).locator("[name=a]")).to_have_value("yes")
    press_submit(page)
    page.wait_for_url("**/work/queue")
    expect(page.locator(TOAST)).to_contain_text("Submitting your answer")
    # The item is there again before the answer is: nothing more can be written or submitted.
    line = {"down": True}
    page.route("**/submission", lambda route: route.abort() if line["down"] else route.continue_())
    page.evaluate("() => { window.fetch = () => Promise.reject(new Error('no line')); }")
    page.go_back()
    shown = page.frame_locator("#task-frame")
    expect(shown.locator("[name=a]")).to_have_value("yes")
    expect(page.locator(TOAST)).to_contain_text("The line is down")
    expect(page.locator("[data-submit]")).to_be_disabled()
    line["down"] = False
    expect(shown.get_by_role("heading")).to_have_text("Your answer was received")
    expect(page.locator(STATE)).to_have_text("Submitted")
    assert workplace.answer_of(item) == [["a", "yes"]]
    assert page.evaluate(KEPT, item.assignment_id) is None
    page.goto(f"{workplace.origin}/work/assignments/{item.assignment_id}")
    page.locator("[data-undo]").uncheck()


def test_of_two_tabs_of_an_item_the_one_that_submits_says_what_is_handed_in(
    open_item: Any, workplace: Any, context: BrowserContext
) -> None:
    page, frame, item = open_item()
    other = workplace.open(context, item)
    written = task_frame(other).locator("[name=a]")
    page.locator("[data-undo]").check()
    frame.locator("[name=a]").fill("yes")
    press_submit(page)
    page.wait_for_url("**/work/queue")
    expect(other.locator("[data-submit]")).to_be_disabled()
    written.fill("a later thought")
    page.goto(f"{workplace.origin}/work/my-work")
    shown = other.frame_locator("#task-frame").get_by_role("heading")
    expect(shown).to_have_text("Your answer was received")
    expect(other.locator(STATE)).to_have_text("Submitted")
    assert workplace.answer_of(item) == [["a", "yes"]]
    other.locator("[data-undo]").uncheck()
    other.close()


def test_the_queue_does_not_call_held_what_it_has_just_handed_in(
    open_item: Any, workplace: Any
) -> None:
    page, _frame, item = open_item()
    own = f"/match/assignments/{item.assignment_id}/open"
    names = f"{item.assignment_id} asg_2"
    counts = "<b data-count=2>two</b><b data-count=1 hidden>one</b><p data-all>See all</p>"
    ends = f"<i data-ends={item.assignment_id}>soon</i><i data-ends=asg_2 hidden>later</i>"
    form = f'<form action="{own}"></form>{counts}{ends}'
    told = f'<div class="note" data-held="{names}">{form}</div>'
    page.route("**/match/held", partial(Route.fulfill, content_type="text/html", body=told))
    page.goto(f"{workplace.origin}/work/settings")  # where nothing is handed in
    page.evaluate(HOLD, [item.assignment_id, 1])
    page.goto(f"{workplace.origin}/work/queue")
    expect(page.locator(TOAST)).to_contain_text("Submitted")
    note = page.locator(".note[data-held]")
    expect(note).to_be_attached()
    page.evaluate(SWAPPED)
    expect(note.locator("form")).to_have_attribute(
        "action", own.replace(item.assignment_id, "asg_2")
    )
    assert note.inner_text().split() == ["one", "later"]
    note.evaluate("(note, name) => { note.dataset.held = name; }", item.assignment_id)
    page.evaluate(SWAPPED)
    expect(note).to_be_hidden()


def test_of_many_answers_in_ten_seconds_all_but_the_newest_three_are_handed_in(
    open_item: Any, workplace: Any, context: BrowserContext
) -> None:
    page, _, first = open_item()
    items = [first, *(workplace.item(FIELD) for _ in range(6))]
    for item in items[1:]:
        workplace.hand(context, item)
    page.clock.set_fixed_time(0)  # ten seconds are never over
    for place, item in enumerate(items[:5]):
        page.evaluate(HOLD, [item.assignment_id, 5_000 + place])
    until(lambda: all(workplace.answer_of(item) for item in items[:2]))
    assert [workplace.answer_of(item) for item in items[2:]] == [None] * 5
    # A browser whose page goes sends 64 KiB at most: letters of two bytes each.
    for place, item in enumerate(items[5:]):
        page.evaluate(HOLD, [item.assignment_id, 5_010 + place, "\u0634" * 20_000])
    until(lambda: all(workplace.answer_of(item) for item in items[:6]))
    assert workplace.answer_of(items[6]) is None
