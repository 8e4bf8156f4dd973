"""A worker's days in a real browser, on a whole market: the first minute by keyboard alone, and a
shift on a phone, in Persian, with all that goes wrong in one.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from crowdloom.client import Requester
from crowdloom.testkit.frames import task_frame
from crowdloom.testkit.waiting import until
from crowdloom_local.acceptance.workspace import sign_up
from crowdloom_local.crowd.checkout import complete_onboarding, pay_checkout
from crowdloom_local.market import Market
from crowdloom_local.staff import PASSWORD, add_staff
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.engines, pytest.mark.timeout(240)]

TEMPLATE = '<p>${text}</p><label>Label <input name="label" required></label>'
FUNDS = {"amount_minor": 2_000, "currency": "USD"}
DOLLAR = {"amount_minor": 100, "currency": "USD"}
WORKSPACE = re.compile(r"/work/assignments/asg_[a-z0-9]+(\?.+)?$")
TOAST = "[data-hand-in]"
STEPS_MAX = 90


@pytest.fixture(scope="module")
def requester(market: Market) -> Requester:
    made = Requester.sign_up(
        market.url, email="shift@example.org", password=PASSWORD, name="Harbour Archive"
    )
    pay_checkout(made.top_up(FUNDS)["checkout_url"])
    until(lambda: made.wallet()["free"] == FUNDS)
    return made


def publish(requester: Requester, title: str, rows: int) -> str:
    project = requester.create_project(
        title=title, description="Label a text.", template_html=TEMPLATE
    )
    batch_id = str(requester.create_batch(project["project_id"], reward=DOLLAR)["batch_id"])
    requester.add_csv(batch_id, "text\n{}\n".format("\n".join(map(str, range(rows)))).encode())
    requester.publish(batch_id)
    until(lambda: requester.batch(batch_id)["status"] == "open")
    return batch_id


@pytest.fixture
def phone(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 375, "height": 800}, locale="fa")
    yield context
    context.close()


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there: what cannot be reached so, fails."""
    for _ in range(STEPS_MAX):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement?.matches(s)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached with the Tab key on {page.url}")


def tab_into(page: Page, field: Locator) -> None:
    """As tab_to, of a field in the task's frame. That is another process: the page calls its frame
    focused before the focus has arrived there, and keys faster than anybody's fall in between. So
    the field itself is asked; a Tab that came too early leaves it, and the next round finds it.
    """
    for _ in range(STEPS_MAX):
        page.keyboard.press("Tab")
        if field.evaluate("field => document.hasFocus() && document.activeElement === field"):
            return
    raise AssertionError(f"The task's field cannot be reached with the Tab key on {page.url}")


def press(page: Page, selector: str, key: str = "Enter") -> None:
    tab_to(page, selector)
    page.keyboard.press(key)


def find_in_queue(page: Page, origin: str, title: str, batch_id: str) -> None:
    def there() -> bool:
        page.goto(f"{origin}/work/queue?language=any&q={title}")
        return page.locator(f"#start-{batch_id}").count() == 1

    until(there)


def test_a_newcomer_gives_the_first_answer_by_keyboard_alone(
    chromium: Browser, market: Market, requester: Requester
) -> None:
    batch_id = publish(requester, "Keyboard", 2)
    context = chromium.new_context()
    page = context.new_page()
    page.goto(market.url)
    press(page, "a[href='/work/start']")
    page.wait_for_url("**/work/start")
    press(page, "main form .actions > button")
    page.wait_for_url("**/work/recovery-code*")
    press(page, "main form input[type=checkbox]", "Space")
    press(page, "main form button")
    page.wait_for_url("**/work/queue*")
    practise_one(page)
    find_in_queue(page, market.url, "Keyboard", batch_id)
    press(page, f"#start-{batch_id}")
    page.wait_for_url(WORKSPACE)
    frame = task_frame(page)
    tab_into(page, frame.locator("[name=label]"))
    page.keyboard.type("yes")
    expect(frame.locator("[name=label]")).to_have_value("yes")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    expect(page.locator(TOAST)).to_contain_text("Submitting")
    press(page, "aside a[href='/work/queue'], main a[href='/work/queue']")
    page.wait_for_url("**/work/queue*")
    [given] = until(lambda: list(requester.submissions(batch_id)))
    assert given["answer"] == [["label", "yes"]]
    context.close()


def practise_one(page: Page) -> None:
    press(page, "a[href='/work/practice']")
    expect(page.locator(".practice-form [name=answer]").first).to_be_focused()
    page.keyboard.press("Space")
    press(page, ".practice-form .actions button")
    expect(page.locator(".note[role=status]").first).to_be_visible()


def test_a_shift_on_a_phone_from_the_filter_to_the_payout(
    phone: BrowserContext, market: Market, requester: Requester
) -> None:
    batch_id = publish(requester, "Shift", 4)
    page = sign_up(phone, market.url)
    find_in_queue(page, market.url, "Shift", batch_id)
    page.locator(f"#start-{batch_id}").click()
    page.wait_for_url(WORKSPACE)
    type_and_reload(page)
    hand_in_after_a_tunnel(phone, page)
    until(lambda: len(list(requester.submissions(batch_id))) == 1)
    submit_and_undo(page)
    give_back(page)
    given = until(lambda: _two(list(requester.submissions(batch_id))))
    by_answer = {one["answer"][0][1]: one for one in given}
    assert set(by_answer) == {"second", "better"}
    requester.accept(by_answer["second"]["submission_id"])
    requester.reject(by_answer["better"]["submission_id"], "It is wrong.", reopen=False)
    assignment_id = appeal(page, market)
    reviewer = add_staff(market, "shift-reviewer@example.org", ["operator"])
    reviewer.api.post(
        f"/api/workers/v1/appeals/{assignment_id}/decision", {"upheld": True, "reason": "Right."}
    )
    ask_for_payout(page, market)


def _two(found: list[Any]) -> list[Any] | None:
    return found if len(found) == 2 else None


def type_and_reload(page: Page) -> None:
    """What the bar says of the draft moves nothing away from under a finger."""
    frame, height = task_frame(page), "element => element.offsetHeight"
    height_before = page.locator(".workbar").evaluate(height)
    frame.locator("[name=label]").fill("first")
    expect(page.locator("[data-draft-state]")).to_have_class("state good")
    assert page.locator(".workbar").evaluate(height) == height_before
    page.reload()
    expect(task_frame(page).locator("[name=label]")).to_have_value("first")


def hand_in_after_a_tunnel(phone: BrowserContext, page: Page) -> None:
    here = page.url
    frame = task_frame(page)
    phone.set_offline(offline=True)
    frame.locator("[name=label]").fill("second")
    page.locator("[data-submit]").click()
    expect(page.locator("[data-work-note]")).to_be_visible()
    phone.set_offline(offline=False)
    page.wait_for_url(lambda url: url != here and bool(WORKSPACE.search(url)))


def submit_and_undo(page: Page) -> None:
    here = page.url
    task_frame(page).locator("[name=label]").fill("worse")
    page.locator("[data-submit]").click()
    page.wait_for_url(lambda url: url != here and bool(WORKSPACE.search(url)))
    page.locator(f"{TOAST} button").first.click()
    # The one after it is in hand as well: the address may say so.
    page.wait_for_url(lambda url: urlsplit(url).path == urlsplit(here).path)
    field = task_frame(page).locator("[name=label]")
    expect(field).to_have_value("worse")
    field.fill("better")
    here = page.url
    page.locator("[data-submit]").click()
    page.wait_for_url(lambda url: url != here and bool(WORKSPACE.search(url)))


def give_back(page: Page) -> None:
    task_frame(page)
    page.locator("[data-return] summary").click()
    dialog = page.locator("dialog[open]")
    dialog.locator("[value=broken]").check()
    dialog.locator("[name=note]").fill("تصویر باز نمی‌شود")
    dialog.locator("form button:not([type=button])").click()
    page.wait_for_url("**/work/queue*")


def appeal(page: Page, market: Market) -> str:
    """Find the rejected item under My work and appeal; returns its id."""

    def rejected() -> str | None:
        page.goto(f"{market.url}/work/my-work?status=rejected")
        link = page.locator("a[href$='/appeal']")
        return link.get_attribute("href") if link.count() else None

    address = until(rejected)
    page.locator(f"a[href='{address}']").click()
    page.locator("textarea[name=text]").fill("پاسخ از راهنما پیروی می‌کند")
    page.locator("main form button").last.click()
    expect(page.locator(".note.wait").first).to_be_visible()
    return address.split("/")[-2]


def ask_for_payout(page: Page, market: Market) -> None:
    def both_paid() -> bool:
        page.goto(f"{market.url}/work/my-work?status=settled")
        return page.locator(".my-work tbody tr").count() == 2

    until(both_paid)
    page.goto(f"{market.url}/pay/earnings")
    page.locator("form[action='/pay/payout-account'] button").click()
    page.wait_for_url(lambda url: not url.startswith(market.url))
    complete_onboarding(page.url)
    ask = page.locator("form[action='/pay/payout-requests'] button:not([disabled])")

    def can_ask() -> bool:
        page.goto(f"{market.url}/pay/earnings")
        return ask.count() > 0

    until(can_ask)
    ask.first.click()
    page.wait_for_url("**/pay/earnings*")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    expect(page.locator("main .note.good").first).to_be_visible()
