"""A worker of flesh and blood, as far as Chromium can tell: pages, cookies, the task's frame."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urljoin, urlsplit

from playwright.sync_api import BrowserContext, Frame, Locator, Page
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import TimeoutError as TooLate

from crowdloom_local.acceptance.cases import Recorded
from crowdloom_local.acceptance.filling import Filled, fill, press_submit

QUEUE = "/work/queue"
_WORKSPACE = "**/work/assignments/*"
_STEP_MS_MAX = 60_000
_SUBMIT_SECONDS_MAX = 40
_NOTE_SECONDS_MAX = 6


class NotSubmitted(RuntimeError):
    """The workspace did not go on; says what it shows instead."""


@dataclass
class Item:
    """A claimed item, open in its workspace; `number` counts those of one worker and batch."""

    page: Page
    assignment_id: str
    input: dict[str, str]
    number: int = 1
    filled: Filled | None = None

    @property
    def frame(self) -> Frame:
        found = next(one for one in self.page.frames if "/frame/assignments/" in one.url)
        found.wait_for_load_state("load", timeout=_STEP_MS_MAX)
        return found

    @property
    def query(self) -> dict[str, str]:
        """What the frame's page reads from its address."""
        return dict(parse_qsl(urlsplit(self.frame.url).query))


def sign_up(context: BrowserContext, origin: str) -> Page:
    """Start as a new worker and keep the recovery code, as the pages ask."""
    page = context.new_page()
    page.set_default_timeout(_STEP_MS_MAX)
    page.goto(f"{origin}/work/start")
    page.get_by_role("main").get_by_role("button").first.click()
    page.get_by_role("checkbox").check()
    page.get_by_role("main").locator("form button").last.click()
    page.wait_for_url(f"**{QUEUE}*")
    return page


def items(page: Page, origin: str, batch_id: str) -> Iterator[Item]:
    """Take one item of the batch after the other, until the market has no more for this worker."""
    for number in itertools.count(1):
        page.goto(f"{origin}{QUEUE}?language=any")
        offer = page.locator(f"#start-{batch_id}")
        try:
            offer.click(timeout=_STEP_MS_MAX)
            page.wait_for_url(_WORKSPACE)
        except TooLate:
            return
        item = open_item(page)
        item.number = number
        yield item


def open_item(page: Page) -> Item:
    """The item whose workspace the page shows."""
    assignment_id = urlsplit(page.url).path.rsplit("/", 1)[-1]
    page.locator("[data-submit]:enabled").wait_for()
    path = f"/api/tasks/v1/assignments/{assignment_id}/task"
    answer = page.request.get(urljoin(page.url, path))
    return Item(page, assignment_id, answer.json()["input"])


def answer_item(item: Item, recorded: Recorded) -> None:
    """Fill the task in inside its frame and press the page's own button. Raises NotSubmitted."""
    item.page.locator("[data-next-at-once]").uncheck()
    item.page.locator("[data-undo]").uncheck()
    item.filled = fill(item.frame, recorded.fields)
    press_submit(item.frame)
    _wait_until_taken(item.page)


def _wait_until_taken(page: Page) -> None:
    """Until the workspace has gone on. Raises NotSubmitted with what it says instead."""
    began = time.monotonic()
    noted_at: float | None = None
    note = page.locator("[data-work-note]:visible")
    while urlsplit(page.url).path != QUEUE:
        shown = _words(note)
        noted_at = (noted_at or time.monotonic()) if shown else None
        now = time.monotonic()
        if noted_at and now - noted_at > _NOTE_SECONDS_MAX:
            raise NotSubmitted(shown)
        if now - began > _SUBMIT_SECONDS_MAX:
            raise NotSubmitted("the workspace says nothing")
        page.wait_for_timeout(50)


def _words(note: Locator) -> str:
    try:
        return " ".join(" ".join(note.all_inner_texts()).split())
    except BrowserError:
        return ""  # the page went on while it was asked


def give_back(item: Item) -> None:
    """Return an item that is not to be answered."""
    if urlsplit(item.page.url).path == QUEUE:
        return
    item.page.locator("[data-return] summary").click()
    item.page.locator("dialog[open] form[action$='/return'] button:not([type=button])").click()
    item.page.wait_for_url(f"**{QUEUE}*")
