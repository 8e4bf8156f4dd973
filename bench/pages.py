"""What a worker's pages weigh, and how long it takes from Submit to the next task, in Chromium.

A market of its own with a batch of two hundred items; each page is loaded with an empty cache and
what came is compressed as the proxy of production does it. By the environment: SUBMITS (40).
Without a Chromium on the machine it says so and measures nothing.

`next`: from the press of the button (the event's own time) until Submit of the next item can be
pressed, the page has painted since, and the next task's frame has said that it has painted.
`next, automated`: the same from Playwright's call to click, which looks first whether the button
stays where it is, until Submit can be pressed, with its debugger in each new frame; not judged.
"""

import gzip
import json
import os
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from crowdloom.client import Requester
from crowdloom_local.acceptance.browser import find_chromium, launch
from crowdloom_local.acceptance.workspace import sign_up
from crowdloom_local.crowd.checkout import pay_checkout
from crowdloom_local.market import Market
from crowdloom_local.replay.plan import wait_for
from crowdloom_local.staff import PASSWORD
from playwright.sync_api import Browser, Page, Response, sync_playwright

from bench.chromium_pipe import PageIsGone, PipedChromium

ITEMS = 200
FIRST_LOAD_KB_MAX, WORKSPACE_KB_MAX, NEXT_MS_MAX = 100.0, 250.0, 300.0
_FUNDS = {"amount_minor": 20_000, "currency": "USD"}
_REWARD = {"amount_minor": 5, "currency": "USD"}
_TEMPLATE = """<p>${text}</p><label>Label <input name="label" required></label>
<script>
  new PerformanceObserver(() => parent.postMessage({ painted: true }, "*"))
    .observe({ type: "paint", buffered: true });
</script>"""
_COMPRESSED = ("text/", "application/javascript", "application/json", "image/svg")
_GZIP_LEVEL = 6
_BYTES_PER_KB = 1_000
_THOUGHT_MS = 500
"""Faster than anybody works, and slow enough that leases end before the next ten are taken."""
_HEARD_MS = 3_000
_KEEP_NOTHING = "localStorage.setItem('cl_workspace', JSON.stringify({undo: false}))"
"""Without the ten seconds to undo: the answer itself is sent before the next item comes."""

_WATCH = """(() => {
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const isNext = (from) => location.pathname !== from
    && document.querySelector("[data-submit]:not([disabled])");
  const enabled = (from) => new Promise((done) => {
    const look = () => { if (isNext(from)) { seen.disconnect(); done(); } };
    const seen = new MutationObserver(look);
    const about = { subtree: true, childList: true, attributeFilter: ["disabled"] };
    seen.observe(document.documentElement, about);
  });
  const frames = new WeakSet(); // those that have painted
  let heard = () => {};
  window.addEventListener("message", ({ source, data }) => {
    if (data?.painted) frames.add(source);
    heard();
  });
  const framePainted = () => new Promise((done) => {
    heard = () => {
      if (frames.has(document.getElementById("task-frame").contentWindow)) done();
    };
    heard();
  });
  document.addEventListener("pointerdown", ({ target, timeStamp }) => {
    if (!target.closest("[data-submit]")) return;
    window.next = enabled(location.pathname).then(painted).then(framePainted)
      .then(() => performance.now() - timeStamp);
  }, true);
})()"""
_NEXT = "Promise.race([window.next, new Promise((late) => setTimeout(late, 20000, null))])"
"""What a page says of a press: nothing here runs between it and the next item but two observers."""


_ARRIVED = "document.readyState === 'complete' && location.pathname.startsWith('/work/')"


def run() -> Mapping[str, object]:
    """Returns every figure, weights in kB compressed, times in milliseconds."""
    submits = int(os.environ.get("SUBMITS", "40"))
    if find_chromium() is None:
        print("there is no Chromium here: nothing was measured", flush=True)
        return {}
    with (
        tempfile.TemporaryDirectory(prefix="crowdloom-pages-") as data,
        Market(Path(data)) as market,
        sync_playwright() as playwright,
    ):
        batch_id = _published(market)
        browser = launch(playwright)
        try:
            figures: dict[str, float] = _weights(browser, market, batch_id)
            for name, undo in (("next", False), ("next with undo", True)):
                took = _times_by_hand(browser, market, batch_id, count=submits, undo=undo)
                figures |= _spread(name, took)
            took = _times_automated(browser, market, batch_id, count=submits)
            figures |= _spread("next, automated", took)
        finally:
            browser.close()
    for name, value in figures.items():
        print(f"{name:<28} {value:8.1f}  {_judged(name, value)}", flush=True)
    return {name: round(value, 1) for name, value in figures.items()}


def _spread(name: str, took: Sequence[float]) -> dict[str, float]:
    ordered = statistics.quantiles(took, n=20)
    return {f"{name} p50 ms": statistics.median(took), f"{name} p95 ms": ordered[-1]}


def _judged(name: str, value: float) -> str:
    bar = WORKSPACE_KB_MAX if name.startswith("workspace") else FIRST_LOAD_KB_MAX
    if name.endswith("ms"):
        if "p95" not in name or "automated" in name:
            return ""
        bar = NEXT_MS_MAX
    return f"{'holds' if value <= bar else 'misses'} (bar {bar:.0f})"


def _published(market: Market) -> str:
    requester = Requester.sign_up(
        market.url, email="pages@example.org", password=PASSWORD, name="Page Lab"
    )
    pay_checkout(requester.top_up(_FUNDS)["checkout_url"])
    wait_for("the top-up to be booked", lambda: requester.wallet()["free"] == _FUNDS)
    project = requester.create_project(
        title="Label a text", description="One word is enough.", template_html=_TEMPLATE
    )
    batch_id = str(
        requester.create_batch(project["project_id"], reward=_REWARD, redundancy=3)["batch_id"]
    )
    requester.add_csv(batch_id, "text\n{}\n".format("\n".join(map(str, range(ITEMS)))).encode())
    requester.publish(batch_id)
    wait_for("the batch to open", lambda: requester.batch(batch_id)["status"] == "open")
    return batch_id


def _weights(browser: Browser, market: Market, batch_id: str) -> dict[str, float]:
    context = browser.new_context()
    page = sign_up(context, market.url)
    state: Any = context.storage_state()
    page.goto(f"{market.url}/work/queue?language=any")
    _start(page, batch_id)
    workspace = page.url
    tickets: Any = context.storage_state()
    context.close()
    return {
        "landing kB": _weight(browser, market.url + "/", None),
        "start kB": _weight(browser, f"{market.url}/work/start", None),
        "queue kB": _weight(browser, f"{market.url}/work/queue?language=any", state),
        "preview kB": _weight(browser, f"{market.url}/work/queue/{batch_id}", state),
        "my work kB": _weight(browser, f"{market.url}/work/my-work", state),
        "workspace kB": _weight(browser, workspace, tickets),
    }


def _weight(browser: Browser, url: str, state: Any) -> float:
    """Everything that comes until the network is quiet, with nothing cached."""
    context = browser.new_context(storage_state=state)
    page = context.new_page()
    came: list[Response] = []

    def note(response: Response) -> None:
        came.append(response)

    page.on("response", note)
    page.goto(url, wait_until="load")
    page.wait_for_timeout(1_000)
    weight = sum(map(_bytes_of, came))
    context.close()
    return weight / _BYTES_PER_KB


def _bytes_of(response: Response) -> int:
    kind = response.headers.get("content-type", "")
    if kind.startswith("text/event-stream") or not response.ok:
        return 0
    body = response.body()
    return len(gzip.compress(body, _GZIP_LEVEL) if kind.startswith(_COMPRESSED) else body)


def _start(page: Page, batch_id: str) -> None:
    page.locator(f"#start-{batch_id}").click()
    page.wait_for_url("**/work/assignments/*")
    _ready(page)


def _ready(page: Page) -> None:
    """The task is there and Submit can be pressed."""
    page.locator("[data-submit]:not([disabled])").wait_for()


def _times_by_hand(
    browser: Browser, market: Market, batch_id: str, *, count: int, undo: bool
) -> list[float]:
    context = browser.new_context()
    sign_up(context, market.url)
    cookies = context.cookies()
    context.close()
    queue = f"{market.url}/work/queue?language=any"
    with (
        tempfile.TemporaryDirectory(prefix="crowdloom-profile-") as profile,
        closing(PipedChromium(profile)) as hand,
    ):
        hand.take_cookies(cookies)
        hand.go(queue)
        hand.wait_until(f"location.href === {json.dumps(queue)}")
        if not undo:
            hand.ask(_KEEP_NOTHING)
        return _shift(hand, queue, batch_id, count)


def _shift(hand: PipedChromium, queue: str, batch_id: str, count: int) -> list[float]:
    took: list[float] = []
    left_out = 0
    _begin(hand, queue, batch_id)
    while len(took) < count:
        time.sleep(_THOUGHT_MS / 1_000)
        hand.ask("window.next = null")
        hand.click("#task-frame", corner=True)
        hand.press_key("Tab")
        hand.press_key("y", "y")
        hand.click("[data-submit]")
        try:
            milliseconds = hand.ask(_NEXT)
        except PageIsGone:
            left_out += 1
            if left_out > count:
                raise
            hand.wait_until(_ARRIVED)
            time.sleep(_HEARD_MS / 1_000)
            _begin(hand, queue, batch_id)
            continue
        if milliseconds is None:
            raise TimeoutError("the next item did not come")
        took.append(float(milliseconds))
    print(f"{left_out} of {count + left_out} left out: another page came, as with ten leases held")
    return took


def _begin(hand: PipedChromium, queue: str, batch_id: str) -> None:
    start = f"#start-{batch_id}"
    hand.go(queue)
    hand.wait_until(f"document.readyState === 'complete' && !!document.querySelector('{start}')")
    hand.ask(f"document.querySelector('{start}').click()")
    hand.wait_until("!!document.querySelector('[data-submit]:not([disabled])')")
    hand.ask(_WATCH)


def _times_automated(browser: Browser, market: Market, batch_id: str, *, count: int) -> list[float]:
    context = browser.new_context()
    page = sign_up(context, market.url)
    page.evaluate(_KEEP_NOTHING)
    page.goto(f"{market.url}/work/queue?language=any")
    _start(page, batch_id)
    took: list[float] = []
    while len(took) < count:
        here = page.url
        page.wait_for_timeout(_THOUGHT_MS)
        page.frame_locator("#task-frame").locator("[name=label]").fill("yes")
        began = time.perf_counter()
        page.locator("[data-submit]").click()
        page.wait_for_url(lambda url, here=here: url != here, wait_until="commit")  # type: ignore[misc]
        if "/work/queue" in page.url:
            # Ten leases are held: what was submitted is not heard of yet where work is given out.
            page.wait_for_timeout(_HEARD_MS)
            _start(page, batch_id)
            continue
        _ready(page)
        took.append((time.perf_counter() - began) * 1_000)
    context.close()
    return took
