"""The workspace as a worker meets it: drafts, Submit, and what it says when something is amiss."""

import json
from typing import Any

import pytest
from crowdloom.testkit.frames import task_frame
from crowdloom.testkit.waiting import until
from playwright.sync_api import BrowserContext, Page, Route, expect

pytestmark = pytest.mark.browser

FIELD = '<label>Your answer <input name="a" required></label>'
STATE = "[data-draft-state]"
KEPT = "assignment => localStorage.getItem('cl_answer_' + assignment)"
NOTE = "[data-work-note]"
TOAST = "[data-hand-in]"
SWAPPED = "document.dispatchEvent(new CustomEvent('htmx:after:swap'))"


def press_submit(page: Page) -> None:
    page.locator("[data-submit]").click()


def test_submit_hands_the_answer_in_and_leads_back_to_the_queue(
    open_item: Any, workplace: Any
) -> None:
    page, frame, item = open_item()
    frame.locator("[name=a]").fill("yes")
    press_submit(page)
    page.wait_for_url("**/work/queue")
    assert workplace.answer_of(item) == [["a", "yes"]]
    assert page.evaluate(KEPT, item.assignment_id) is None
    page.evaluate(SWAPPED)
    expect(page.locator(TOAST)).to_be_hidden()  # there is nothing to undo


@pytest.mark.parametrize("inside", [True, False])
def test_control_and_enter_submit(open_item: Any, workplace: Any, inside: bool) -> None:
    page, frame, item = open_item()
    frame.locator("[name=a]").fill("yes")
    if inside:
        frame.locator("[name=a]").press("Control+Enter")
    else:
        page.locator("[data-submit]").focus()
        page.keyboard.press("Control+Enter")
    page.wait_for_url("**/work/queue")
    assert workplace.answer_of(item) == [["a", "yes"]]


def test_a_missing_field_is_named_and_nothing_is_sent(open_item: Any, workplace: Any) -> None:
    page, frame, item = open_item(FIELD + '<input name="b" required>')
    press_submit(page)
    expect(page.locator(NOTE)).to_contain_text("Your answer")
    expect(page.locator(NOTE)).to_contain_text("2 fields")
    assert workplace.answer_of(item) is None
    frame.locator("[name=a]").fill("1")
    frame.locator("[name=b]").fill("2")
    press_submit(page)
    page.wait_for_url("**/work/queue")
    assert workplace.answer_of(item) == [["a", "1"], ["b", "2"]]


def test_what_the_page_refuses_and_says_is_shown(open_item: Any, workplace: Any) -> None:
    page, frame, item = open_item(
        '<form onsubmit="alert(\'Count the dogs first\'); return false"><input name="a"></form>'
    )
    press_submit(page)
    expect(page.locator(NOTE)).to_contain_text("Count the dogs first")
    frame.evaluate("document.forms[0].onsubmit = () => false")
    press_submit(page)
    expect(page.locator(NOTE)).to_contain_text("has not handed its answer over")
    frame.evaluate("document.querySelector('[type=submit]').disabled = true")
    press_submit(page)
    expect(page.locator(NOTE)).to_contain_text("switched off")
    assert workplace.answer_of(item) is None


def test_of_several_buttons_that_are_answers_the_worker_presses_one(
    open_item: Any, workplace: Any
) -> None:
    page, frame, item = open_item(
        '<form><input name="a" value="1"><button name="v" value="yes">Yes</button>'
        '<button name="v" value="no">No</button></form>'
    )
    press_submit(page)
    expect(page.locator(NOTE)).to_contain_text("more than one button")
    frame.get_by_role("button", name="No").click()
    page.wait_for_url("**/work/queue")
    assert workplace.answer_of(item) == [["a", "1"], ["v", "no"]]


def test_drafts_are_saved_as_one_types_and_survive_a_reload(open_item: Any, workplace: Any) -> None:
    page, frame, item = open_item(
        '<input name="a"><textarea name="t"></textarea><input type="checkbox" name="c" value="1">'
        '<input type="radio" name="r" value="x"><input type="radio" name="r" value="y">'
        '<select name="s"><option>p<option>q</select>'
        "<p id=p></p><script>document.getElementsByName('c')[0].onchange = () => "
        "{ document.getElementById('p').innerHTML = '<input name=more>'; }</script>"
    )
    frame.locator("[name=c]").check()
    frame.locator("[name=more]").fill("appeared")
    frame.locator("[value=y]").check()
    frame.locator("[name=s]").select_option("q")
    frame.locator("[name=t]").fill("one\ntwo")
    expect(page.locator(STATE)).to_have_text("Draft saved")
    # The line may have gone out between two fields: the last draft has them all.
    for _ in range(50):
        if ["t", "one\r\ntwo"] in (workplace.draft_of(item) or []):
            break
        page.wait_for_timeout(200)
    page.reload()
    again = task_frame(page)
    expect(again.locator("[name=t]")).to_have_value("one\ntwo")
    expect(again.locator("[name=c]")).to_be_checked()
    expect(again.locator("[value=y]")).to_be_checked()
    expect(again.locator("[name=s]")).to_have_value("q")
    expect(again.locator("[name=more]")).to_have_value("appeared")
    expect(page.locator(STATE)).to_have_text("Draft saved")


def test_the_browsers_back_opens_the_item_again_with_what_was_written(
    open_item: Any, workplace: Any
) -> None:
    page, frame, item = open_item()
    frame.locator("[name=a]").fill("half")
    expect(page.locator(STATE)).to_have_text("Draft saved")
    page.goto(f"{workplace.origin}/work/my-work")
    page.go_back()
    expect(page.frame_locator("#task-frame").locator("[name=a]")).to_have_value("half")
    expect(page.locator("[data-submit]")).to_be_enabled()
    assert workplace.draft_of(item) == [["a", "half"]]


def test_skip_asks_whoever_has_written_something_and_keeps_it_as_a_draft(
    open_item: Any, workplace: Any
) -> None:
    page, frame, item = open_item()
    asked = page.locator("[data-skip-dialog]")
    page.route("**/match/assignments/*/return", lambda route: route.fulfill(body="<p>Returned"))
    frame.locator("[name=a]").fill("half a page")
    page.locator(".workbar").click(position={"x": 3, "y": 3})
    page.keyboard.press("s")
    expect(asked).to_contain_text("not handed in")
    page.keyboard.press("Enter")  # the first button goes on with it
    expect(asked).to_be_hidden()
    until(lambda: workplace.draft_of(item) == [["a", "half a page"]])
    page.locator("[data-skip] button").click()
    asked.get_by_role("button", name="Skip the item").click()
    expect(page.get_by_text("Returned")).to_be_visible()
    assert workplace.draft_of(item) == [["a", "half a page"]]


def test_skip_does_not_ask_where_nothing_was_written(open_item: Any) -> None:
    page, frame, _item = open_item()
    page.route("**/match/assignments/*/return", lambda route: route.fulfill(body="<p>Returned"))
    frame.locator("body").click()
    expect(page.locator(STATE)).to_have_text("Draft saved")
    page.locator("[data-skip] button").click()
    expect(page.get_by_text("Returned")).to_be_visible()


def test_an_answer_waits_for_the_line_and_is_taken_once(
    context: BrowserContext, open_item: Any, workplace: Any
) -> None:
    page, frame, item = open_item()
    frame.locator("[name=a]").fill("yes")
    context.set_offline(offline=True)
    press_submit(page)
    expect(page.locator(NOTE)).to_contain_text("line is down")
    kept = page.evaluate(KEPT, item.assignment_id)
    assert json.loads(kept)["answer"] == [["a", "yes"]]
    assert workplace.answer_of(item) is None
    context.set_offline(offline=False)
    page.wait_for_url("**/work/queue")
    assert workplace.answer_of(item) == [["a", "yes"]]


def test_what_was_submitted_on_a_dead_line_is_handed_in_by_the_next_page_of_its_worker(
    context: BrowserContext, open_item: Any, workplace: Any
) -> None:
    page, frame, item = open_item()
    frame.locator("[name=a]").fill("yes")
    context.set_offline(offline=True)
    press_submit(page)
    expect(page.locator(NOTE)).to_contain_text("line is down")
    frame.locator("[name=a]").fill("a later thought")
    page.close()
    context.set_offline(offline=False)
    later = context.new_page()
    later.goto(f"{workplace.origin}/work/my-work")
    expect(later.locator(TOAST)).to_contain_text("Submitted")
    assert workplace.answer_of(item) == [["a", "yes"]]
    assert later.evaluate(KEPT, item.assignment_id) is None
    later.close()


def test_what_only_the_tab_has_is_put_back_though_it_was_skipped_on_a_dead_line(
    context: BrowserContext, open_item: Any
) -> None:
    page, frame, _item = open_item()
    context.set_offline(offline=True)
    frame.locator("[name=a]").fill("typed in a tunnel")
    expect(page.locator(STATE)).to_have_text("Not saved yet, kept in this browser")
    here = page.url
    page.route("**/return", lambda route: route.fulfill(status=503, body="<p>No line"))
    page.locator("[data-skip] button").click()
    page.get_by_role("button", name="Skip the item").click()
    expect(page.get_by_text("No line")).to_be_visible()
    context.set_offline(offline=False)
    page.goto(here)
    expect(task_frame(page).locator("[name=a]")).to_have_value("typed in a tunnel")


def test_an_answer_that_comes_too_late_is_kept_as_a_draft(open_item: Any, workplace: Any) -> None:
    page, frame, item = open_item(minutes_left=-5)
    frame.locator("[name=a]").fill("late")
    press_submit(page)
    expect(page.locator(NOTE)).to_contain_text("kept as a draft")
    expect(page.locator(NOTE).get_by_text("Back to the queue")).to_be_visible()
    expect(page.locator("[data-submit]")).to_be_disabled()
    assert workplace.answer_of(item) is None
    assert workplace.draft_of(item) == [["a", "late"]]


def test_a_second_answer_after_another_devices_is_refused_in_words(
    open_item: Any, workplace: Any
) -> None:
    page, frame, item = open_item()
    ticket = workplace.tasks.tickets.read(item.ticket)
    workplace.tasks.answer_task.submit(ticket, (("a", "first"),))
    following = json.dumps({"location": "/work/assignments/asg_next"})
    page.route("**/match/claim-ahead", lambda route: route.fulfill(status=200, body=following))
    page.route("**/match/assignments/asg_next/return", lambda route: route.fulfill(status=200))
    page.locator("[data-next-at-once]").check()
    frame.locator("[name=a]").fill("second")
    # What was asked for ahead is given back: nobody goes on from here.
    with page.expect_request("**/match/assignments/asg_next/return"):
        press_submit(page)
    expect(page.locator(NOTE)).to_contain_text("That one counts")
    assert workplace.answer_of(item) == [["a", "first"]]


def test_without_a_ticket_the_frame_says_so_and_submit_stays_off(
    open_item: Any, context: BrowserContext
) -> None:
    page, _frame, item = open_item()
    context.clear_cookies(name=f"cl_ticket_{item.assignment_id}")
    page.reload()
    notice = page.frame_locator("#task-frame").get_by_role("heading")
    expect(notice).to_have_text("This item is not open in this browser")
    expect(page.locator("[data-submit]")).to_be_disabled()


def test_the_frame_is_as_high_as_its_page_and_comes_to_rest(open_item: Any) -> None:
    page, frame, _item = open_item('<div style="height:3000px"></div><input name="a">')
    # A function: a bare expression is evaluated at each look, which the page's policy forbids.
    page.wait_for_function("() => document.getElementById('task-frame').clientHeight > 3000")
    # A page that is always higher than its frame must not make it grow for ever.
    frame.evaluate("document.querySelector('div').style.height = '110vh'")
    page.wait_for_function(
        """() => {
          const now = document.getElementById('task-frame').clientHeight;
          const rests = now === window.before;
          window.before = now;
          return rests;
        }""",
        polling=2000,
    )


def test_a_page_of_the_frame_s_own_height_keeps_it(open_item: Any) -> None:
    page, frame, _item = open_item(
        "<style>html, body { height: 100%; margin: 0 }</style><body><input name=a></body>"
    )
    inner = frame.evaluate("innerHeight")
    frame.locator("[name=a]").fill("x")
    expect(page.locator(STATE)).to_have_text("Draft saved")
    assert frame.evaluate("innerHeight") == inner


def test_a_doubled_click_and_a_lost_reply_hand_in_once_and_back_shows_what_became_of_it(
    open_item: Any, workplace: Any
) -> None:
    page, frame, item = open_item()
    frame.locator("[name=a]").fill("once")
    keys: list[str] = []

    def lose_the_first_reply(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        reply = route.fetch()
        if len(keys) == 1:
            route.abort()  # the server has it, the page does not know
        else:
            route.fulfill(response=reply)

    page.route("**/submission", lose_the_first_reply)
    page.locator("[data-submit]").dblclick()
    expect(page.locator(NOTE)).to_contain_text("line is down")
    page.wait_for_url("**/work/queue")
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert workplace.answer_of(item) == [["a", "once"]]
    page.go_back()
    notice = page.frame_locator("#task-frame").get_by_role("heading")
    expect(notice.or_(page.get_by_role("heading", level=1)).first).to_be_visible()
    expect(page.locator("[data-submit]")).to_be_disabled()


def test_what_is_too_long_is_said_and_can_be_shortened(open_item: Any, workplace: Any) -> None:
    page, frame, item = open_item('<textarea name="a"></textarea>')
    frame.evaluate("document.querySelector('textarea').value = 'x'.repeat(2_000_000)")
    press_submit(page)
    expect(page.locator(NOTE)).to_contain_text("longer than an answer may be")
    assert workplace.answer_of(item) is None
    frame.locator("[name=a]").fill("short")
    press_submit(page)
    page.wait_for_url("**/work/queue")
    assert workplace.answer_of(item) == [["a", "short"]]


def test_another_items_ticket_opens_nothing(
    open_item: Any, context: BrowserContext, workplace: Any
) -> None:
    page, _frame, item = open_item()
    other = workplace.item(FIELD)
    name = f"cl_ticket_{item.assignment_id}"
    [mine] = [one for one in context.cookies() if one["name"] == name and "/frame" in one["path"]]
    context.add_cookies([{**mine, "value": other.ticket}])  # type: ignore[typeddict-item]
    page.reload()
    notice = page.frame_locator("#task-frame").get_by_role("heading")
    expect(notice).to_be_visible()
    expect(page.locator("[data-submit]")).to_be_disabled()
