"""The shared components as people meet them: both themes, both directions, wide and narrow."""

import threading
from collections.abc import Callable, Iterator

import pytest
from crowdloom import ui
from crowdloom.testkit.looks import ALL, violations, watch, wrong
from crowdloom.testkit.waiting import until
from flask import Flask, redirect, render_template_string
from playwright.sync_api import Browser, BrowserContext, Page, expect

pytestmark = pytest.mark.browser

TEMPLATE = """
{% extends "ui/base.html" %}{% import "ui/components.html" as ui %}
{% block heading %}Page{% endblock %}{% block content %}
<form method="post" action="/work/slow">{{ ui.once() }}<button>Send</button></form>
{{ ui.confirm_form("Cancel batch", "/work/cancel", "Sure?", "Cancel it") }}
{% call ui.live("/work/count", id="count", every="200ms") %}none yet{% endcall %}
<div id="broken" hx-get="/work/broken" hx-trigger="click">untouched</div>
{% call ui.toast("Submitted.", seconds=1) %}<button class="bare">Undo</button>{% endcall %}
{% endblock %}
"""


class Counter:
    """How often each address was asked for, counted by the server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, int] = {}

    def add(self, name: str) -> int:
        with self._lock:
            self._counts[name] = self._counts.get(name, 0) + 1
            return self._counts[name]

    def of(self, name: str) -> int:
        with self._lock:
            return self._counts.get(name, 0)


@pytest.fixture(scope="module")
def asked() -> Counter:
    return Counter()


@pytest.fixture(scope="module")
def release() -> threading.Event:
    """Lets the slow form answer."""
    return threading.Event()


@pytest.fixture(scope="module")
def origin(serve: Callable[[Flask], str], asked: Counter, release: threading.Event) -> str:
    app = Flask(__name__)
    purse = ui.Purse("/pay/earnings", "Earnings", "/pay/fragments/purse")
    bar = lambda: ui.Bar(items=[("Queue", "/work/queue"), ("Kit", "/kit")], purse=purse)  # noqa: E731
    ui.register(app, service="worker-service", prefix="/work", bar=bar)
    app.add_url_rule("/work/queue", "queue", lambda: render_template_string(TEMPLATE))
    app.add_url_rule("/pay/fragments/purse", "purse", lambda: "Today <b>$14.32</b>")
    app.add_url_rule("/work/count", "count", lambda: f"count {asked.add('count')}")
    app.add_url_rule("/work/broken", "broken", lambda: ("<p>trace</p>", 500))

    @app.post("/work/slow")
    def slow() -> object:
        asked.add("slow")
        release.wait(20)
        return redirect("/work/queue", 303)

    @app.post("/work/cancel")
    def cancel() -> object:
        asked.add("cancel")
        ui.say("good", "Cancelled", "The batch is over.")
        return redirect("/work/queue", 303)

    return serve(app)


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    opened = chromium.new_context(viewport={"width": 1200, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, origin: str) -> Page:
    opened = context.new_page()
    opened.goto(f"{origin}/work/queue")
    return opened


@pytest.mark.parametrize("path", ["/", "/kit"])
def test_a_shared_page_is_accessible_fits_and_keeps_to_the_policy(
    chromium: Browser, origin: str, path: str
) -> None:
    context = chromium.new_context(reduced_motion="reduce")
    page = context.new_page()
    faults = watch(page, origin)
    # What every page is made of is seen in all ways, also where other pages are in two.
    found = wrong(page, origin + path, ALL)
    context.close()
    assert found + faults == []


def test_the_theme_follows_the_device_until_the_reader_chooses(
    context: BrowserContext, origin: str
) -> None:
    page = context.new_page()
    page.emulate_media(color_scheme="light")
    page.goto(f"{origin}/kit")
    light = ground(page)
    page.emulate_media(color_scheme="dark")
    until(lambda: ground(page) != light)
    dark = ground(page)
    choose(page, "Light")
    until(lambda: ground(page) == light)
    page.emulate_media(color_scheme="light")
    choose(page, "Dark")
    until(lambda: ground(page) == dark)


def choose(page: Page, theme: str) -> None:
    """Returns in the page that comes with it."""
    button = page.get_by_role("button", name=theme)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")


def ground(page: Page) -> str:
    color: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    # Pico paints the root element; the body lets it through.
    root: str = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return root + color


def test_a_fragment_of_another_service_fills_the_purse(page: Page) -> None:
    expect(page.locator("#purse")).to_have_text("Today $14.32")


def test_a_live_region_loads_itself_again(page: Page) -> None:
    expect(page.locator("#count")).to_contain_text("count")
    before = page.locator("#count").inner_text()
    expect(page.locator("#count")).not_to_have_text(before)


def test_a_failed_request_leaves_the_page_and_says_so(page: Page) -> None:
    page.locator("#broken").click()
    expect(page.get_by_text("That did not work.")).to_be_visible()
    expect(page.locator("#broken")).to_have_text("untouched")


def test_a_line_that_is_down_is_said_and_its_return_is_noticed(page: Page) -> None:
    page.context.set_offline(offline=True)
    expect(page.get_by_text("The line is down.")).to_be_visible()
    page.context.set_offline(offline=False)
    expect(page.get_by_text("The line is down.")).to_have_count(0)


def test_a_form_pressed_twice_is_sent_once(
    page: Page, asked: Counter, release: threading.Event
) -> None:
    before = asked.of("slow")
    # A browser drops a second click within one task by itself, so look at the events too.
    pressed = """button => {
        const stopped = [];
        addEventListener("submit", event => stopped.push(event.defaultPrevented));
        for (let i = 0; i < 3; i += 1) button.click();
        return [stopped, button.getAttribute("aria-busy")];
    }"""
    assert page.get_by_role("button", name="Send").evaluate(pressed) == [
        [False, True, True],
        "true",
    ]
    with page.expect_navigation():
        release.set()
    assert asked.of("slow") == before + 1


def test_a_confirmation_asks_in_a_dialog_and_can_be_left(page: Page, asked: Counter) -> None:
    before = asked.of("cancel")
    page.locator("summary", has_text="Cancel batch").press("Enter")
    dialog = page.get_by_role("dialog", name="Cancel batch")
    expect(dialog.get_by_role("button", name="Keep it as it is")).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator("summary", has_text="Cancel batch")).to_be_focused()
    assert asked.of("cancel") == before


def test_a_confirmation_does_what_it_says(page: Page, asked: Counter) -> None:
    before = asked.of("cancel")
    page.locator("summary", has_text="Cancel batch").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel it").click()
    expect(page.get_by_text("The batch is over.")).to_be_visible()
    assert asked.of("cancel") == before + 1


def test_a_toast_goes_by_itself_but_not_while_it_has_the_focus(page: Page) -> None:
    page.get_by_role("button", name="Undo").focus()
    count = page.locator("#count")
    for _ in range(8):  # well over the toast's second, measured by the region that counts
        before = count.inner_text()
        expect(count).not_to_have_text(before)
    expect(page.get_by_text("Submitted.")).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    expect(page.get_by_text("Submitted.")).to_have_count(0)


def test_moments_are_worded_in_the_reader_s_zone_and_calendar(
    chromium: Browser, origin: str
) -> None:
    context = chromium.new_context(timezone_id="Asia/Tehran")
    page = context.new_page()
    page.goto(f"{origin}/kit")
    expect(page.locator("time").first).to_have_text("22 Nov 2026, 17:35")
    page.goto(f"{origin}/kit?lang=fa")
    expect(page.locator("time").first).to_contain_text("۱۴۰۵")
    context.close()


def test_everything_shared_works_without_script(
    chromium: Browser, origin: str, asked: Counter
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{origin}/work/queue")
    assert page.locator("#purse a").get_attribute("href") == "/pay/earnings"
    before = asked.of("cancel")
    page.locator("summary", has_text="Cancel batch").click()
    page.get_by_role("button", name="Cancel it").click()
    page.wait_for_url("**/work/queue")
    assert asked.of("cancel") == before + 1
    assert page.get_by_text("The batch is over.").is_visible()
    page.get_by_role("button", name="فارسی").click()
    page.wait_for_url("**/work/queue")
    assert page.locator("html").get_attribute("dir") == "rtl"
    context.close()
