"""The pictures of the guides, taken from a running demo: `make pictures`.

A market of its own in a temporary folder, with the demo's people; a question is asked and answered,
the crowd works until there is something to review, an answer is rejected and appealed. Each picture
is one screen, in few colours, so that the repository stays small.
"""

import io
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyotp
from crowdloom.client import HttpApi, Requester, Worker
from PIL import Image
from playwright.sync_api import BrowserContext, Page, sync_playwright

from crowdloom_local.acceptance.browser import launch
from crowdloom_local.demo.run import PROJECTS, REQUESTER_EMAIL, Demo
from crowdloom_local.market import Market
from crowdloom_local.replay.plan import wait_for
from crowdloom_local.staff import PASSWORD

FOLDER = Path(__file__).parents[3] / "docs" / "guides" / "pictures"
SIZE = (1000, 640)
COLOURS = 64
BYTES_MAX = 60_000
TASKS = "/api/tasks/v1"
WORKERS = "/api/workers/v1"
_AWAIT_SECONDS_MAX = 120
_SETTLED_MS = 1_500
_WAITING_MIN = 4


class PictureTooLarge(RuntimeError):
    """It would make the repository heavy: fewer colours, or a smaller screen."""


def take_all() -> list[Path]:
    """Start a market, take every picture, stop the market; returns the files."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="crowdloom-pictures-") as data,
        Market(Path(data)) as market,
        sync_playwright() as playwright,
    ):
        demo = Demo(market)
        demo.set_scene()
        browser = launch(playwright)
        try:
            return [
                *_of_worker(browser, market, demo),
                *_of_requester(browser, market, demo),
                *_of_operator(browser, market, demo),
            ]
        finally:
            browser.close()


def _of_worker(browser: Any, market: Market, demo: Demo) -> list[Path]:
    context = _context(browser)
    page = context.new_page()
    page.goto(f"{market.url}/work/practice/1")
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Submit").click()
    files = [_take(page, "worker-practice")]
    code = demo.state["workers"][0]["code"]
    session = HttpApi(market.url).post("/api/workers/v1/sessions", {"recovery_code": code})
    _sign_in(context, market, "cl_worker", session["token"])
    page.goto(f"{market.url}/work/queue?language=any")
    page.get_by_role("button", name="Start").first.wait_for(timeout=_AWAIT_SECONDS_MAX * 1_000)
    files.append(_take(page, "worker-queue"))
    page.get_by_role("button", name="Preview").first.click()
    page.wait_for_url("**/work/queue/bat_*")
    files.append(_take(page, "worker-preview"))
    page.go_back()
    page.get_by_role("button", name="Start").first.click()
    page.wait_for_url("**/work/assignments/**")
    _ask_and_answer(page, market)
    files.append(_take(page, "worker-workspace"))
    for name, path in (
        ("worker-my-work", "/work/my-work"),
        ("worker-qualifications", "/work/qualifications"),
        ("worker-earnings", "/pay/earnings"),
    ):
        page.goto(market.url + path)
        files.append(_take(page, name))
    context.close()
    return files


def _ask_and_answer(page: Page, market: Market) -> None:
    """The worker asks from the task, and the requester pins the answer to the instructions."""
    task = page.url
    path = urlsplit(task).path.removeprefix("/work")
    page.goto(f"{market.url}/frame{path}/talk")
    page.get_by_role("textbox").first.fill("What if two answers are right?")
    page.get_by_role("button", name="Ask", exact=True).click()
    requester = Requester.sign_in(market.url, email=REQUESTER_EMAIL, password=PASSWORD)
    batch_id, asked = _first_question(requester)
    words = {"text": "Choose the first of them.", "answers": asked, "pinned": True}
    requester.api.post(f"{TASKS}/batches/{batch_id}/talk", words)
    page.goto(task)


def _first_question(requester: Requester) -> tuple[str, str]:
    for project in requester.projects():
        for batch in requester.batches(project["project_id"]):
            thread = requester.api.get(f"{TASKS}/batches/{batch['batch_id']}/talk")["items"]
            if thread:
                return batch["batch_id"], thread[0]["message_id"]
    raise LookupError("no question was asked")


def _of_requester(browser: Any, market: Market, demo: Demo) -> list[Path]:
    who = {"email": REQUESTER_EMAIL, "password": PASSWORD}
    session = HttpApi(market.url).post(f"{TASKS}/sessions", who)
    requester = Requester(HttpApi(market.url, session["token"]))
    done, live = (_newest_batch(requester, demo, number) for number in (0, 1))
    demo.start()
    try:
        wait_for(
            "answers to review",
            lambda: requester.batch(live)["counts"]["submitted"] >= _WAITING_MIN,
        )
    finally:
        demo.stop()
    _reject_and_appeal(market, demo, requester, live)
    context = _context(browser)
    _sign_in(context, market, "cl_requester", session["token"])
    page = context.new_page()
    files = []
    for name, path in (
        ("requester-templates", "/requester/templates"),
        ("requester-batch", f"/requester/batches/{live}"),
        ("requester-review", f"/requester/batches/{live}/review"),
        ("requester-results", f"/requester/batches/{done}/figures"),
    ):
        page.goto(market.url + path)
        files.append(_take(page, name))
    context.close()
    return files


def _reject_and_appeal(market: Market, demo: Demo, requester: Requester, batch_id: str) -> None:
    first = next(iter(requester.submissions(batch_id, status="submitted")))
    requester.reject(first["submission_id"], "The sentence praises the seats: it is not negative.")
    crowd = [Worker.sign_in(market.url, recovery_code=one["code"]) for one in demo.state["workers"]]

    def appealed() -> bool:
        for worker in crowd:
            for item in worker.work():
                named = {"assignment_id": item["assignment_id"]}
                if named["assignment_id"] == first["assignment_id"] and item["reason"]:
                    words = {"statement": "It praises the seats and damns the engine."}
                    worker.api.post(f"{WORKERS}/appeals", {**named, **words})
                    return True
        return False

    wait_for("the rejection to be heard of", appealed)


def _newest_batch(requester: Requester, demo: Demo, number: int) -> str:
    project_id = demo.state["projects"][PROJECTS[number].folder]
    batch_id: str = next(iter(requester.batches(project_id)))["batch_id"]
    return batch_id


def _of_operator(browser: Any, market: Market, demo: Demo) -> list[Path]:
    email = "operator@example.org"
    code = pyotp.TOTP(demo.state["totp"][email]).now()
    who = {"email": email, "password": PASSWORD, "totp": code}
    session = HttpApi(market.url).post("/api/payments/v1/sessions", who)
    context = _context(browser)
    _sign_in(context, market, "cl_staff", session["token"])
    page = context.new_page()
    files = []
    for name, path in (
        ("operator-operations", "/operator"),
        ("operator-matching", "/operator/matching"),
        ("operator-policy", "/operator/matching/policy?try=1"),
        ("operator-appeals", "/operator/appeals"),
    ):
        page.goto(market.url + path)
        files.append(_take(page, name))
    context.close()
    return files


def _context(browser: Any) -> BrowserContext:
    width, height = SIZE
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": height}, locale="en", color_scheme="light"
    )
    return context


def _sign_in(context: BrowserContext, market: Market, cookie: str, token: str) -> None:
    context.add_cookies([{"name": cookie, "value": token, "url": market.url}])


def _take(page: Page, name: str) -> Path:
    page.wait_for_timeout(_SETTLED_MS)
    shot = Image.open(io.BytesIO(page.screenshot()))
    path = FOLDER / f"{name}.png"
    shot.convert("RGB").quantize(COLOURS).save(path, optimize=True)
    if path.stat().st_size > BYTES_MAX:
        raise PictureTooLarge(f"{path.name} has {path.stat().st_size} bytes")
    return path


if __name__ == "__main__":
    for picture in take_all():
        print(f"{picture.name}: {picture.stat().st_size:,} bytes")
