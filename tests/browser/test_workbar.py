"""The bar of a workspace: the time that is left, and its keys."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

pytestmark = pytest.mark.browser

PERSIAN_R = """() => document.body.dispatchEvent(
  new KeyboardEvent("keydown", { key: "\u0642", code: "KeyR", bubbles: true }))"""


def keys_work_until_they_are_switched_off(page: Page) -> None:
    page.locator(".workbar").click(position={"x": 3, "y": 3})
    page.keyboard.press("?")
    expect(page.locator("[data-keys-dialog]")).to_be_visible()
    page.keyboard.press("Escape")
    page.evaluate(PERSIAN_R)
    expect(page.locator("dialog[open] [value=broken]")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("[data-keys]").uncheck()
    page.keyboard.press("r")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_the_bar_goes_by_the_servers_clock_warns_in_time_and_has_keys_that_can_be_switched_off(
    chromium: Browser, workplace: Any
) -> None:
    context = chromium.new_context()
    workplace.sign_up(context)
    item = workplace.item('<input name="a" required>', minutes_left=30)
    workplace.hand(context, item)
    page = context.new_page()
    now = datetime.now(UTC)
    page.clock.install(time=now + timedelta(hours=1))  # the device is an hour ahead
    facts = {"status": "leased", "deadline": (now + timedelta(seconds=50)).isoformat()}
    facts |= {"batch_id": item.batch_id, "title": "By the server's clock"}

    def answer(route: Route) -> None:
        headers = {"Date": format_datetime(datetime.now(UTC), usegmt=True)}
        route.fulfill(json=facts, headers=headers)

    page.route("**/api/matching/v1/assignments/*", answer)
    page.route("**/match/assignments/*/extend", lambda route: route.fulfill(status=200))
    page.goto(f"{workplace.origin}/work/assignments/{item.assignment_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("By the server's clock")
    page.clock.run_for(2_000)
    expect(page.locator(".workbar .clock")).to_contain_text("0:4")
    expect(page.locator("[data-time-note]")).to_be_visible()
    facts["deadline"] = (now + timedelta(minutes=9)).isoformat()
    page.locator("[data-time-note] button").click()
    expect(page.locator("[data-time-told]")).to_contain_text("more time now")
    expect(page.locator("[data-time-note]")).to_be_hidden()
    keys_work_until_they_are_switched_off(page)
    page.reload()
    expect(page.locator("[data-keys]")).not_to_be_checked()
    page.locator("[data-report]").click()
    expect(page.locator("dialog[open] [value=broken]")).to_be_checked()
    expect(page.locator("[data-submit]")).to_be_enabled()
    page.locator("dialog[open] textarea").press("Control+Enter")  # would say that "a" is missing
    page.clock.fast_forward("10:00")
    expect(page.locator("[data-over-note]")).to_contain_text("not yours any more")
    with page.expect_response("**/work/settings") as renewed:  # or /match would not know one
        page.clock.fast_forward("21:00")
    assert (renewed.value.request.method, renewed.value.ok) == ("HEAD", True)
    expect(page.locator("[data-work-note]")).to_be_hidden()
    page.goto(f"{workplace.origin}/work/settings")
    expect(page.locator("[data-choice=keys]")).not_to_be_checked()
    expect(page.locator("[data-choice=undo]")).to_be_visible()
    context.close()
