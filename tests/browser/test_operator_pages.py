"""The operator's pages as people meet them, with every service's own panel behind one origin."""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from crowdloom import ui
from crowdloom.chassis.bus import BusMessage
from crowdloom.chassis.dead_letters import DeadLetters
from crowdloom.chassis.http.app import create_app
from crowdloom.chassis.http.auth import COOKIE_OF_ROLE, COOKIE_PATHS
from crowdloom.chassis.operations import Operations
from crowdloom.chassis.store import OUTBOX
from crowdloom.chassis.tokens import Principal, Sessions, TokenSigner, new_signing_key
from crowdloom.chassis.worker import PROCESS_STATUS
from crowdloom.contracts import Cause, Envelope
from crowdloom.contracts.task import BatchOpened, BatchPaused, TasksReleased
from crowdloom.kernel import Money
from crowdloom.testkit.looks import looks, watch, wrong
from flask import Flask
from matching_service.adapters.mongo_session import INDEXES
from matching_service.bootstrap import Application, build
from matching_service.config import read_settings
from matching_service.entrypoints.events import SUBSCRIPTIONS
from matching_service.entrypoints.wsgi import make_app
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pymongo import MongoClient

pytestmark = pytest.mark.browser

AREAS = ("tasks", "workers", "matching", "payments")
MATCHING_KEYS, STAFF_KEYS = new_signing_key(), new_signing_key()
ENVIRONMENT = {
    "CROWDLOOM_MONGODB_URI": "mongodb://unused",
    "CROWDLOOM_KAFKA_BOOTSTRAP": "unused",
    "CROWDLOOM_MATCHING_SERVICE_SIGNING_KEY": MATCHING_KEYS[0],
    "CROWDLOOM_PUBLIC_KEYS": json.dumps(
        {"matching-service": MATCHING_KEYS[1], "payment-service": STAFF_KEYS[1]}
    ),
    "CROWDLOOM_CURSOR_KEY": "a key for tests alone",
    "CROWDLOOM_PSEUDONYM_KEY": "17" * 32,
}


@dataclass(frozen=True)
class Market:
    """matching-service as it is; of the three others what the chassis gives each of them."""

    origin: str
    matching: Application
    databases: dict[str, Any]
    token: str

    def sign_in(self, context: BrowserContext) -> None:
        host = urlsplit(self.origin).hostname
        context.add_cookies(
            [
                {"name": COOKIE_OF_ROLE["staff"], "value": self.token, "domain": host, "path": path}
                for path in COOKIE_PATHS["staff"]
            ]
        )


@pytest.fixture(scope="module")
def market(mongodb_uri: str, serve: Callable[[Any], str]) -> Iterator[Market]:
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb_uri, tz_aware=True)
    name = f"operator-{uuid.uuid4().hex[:8]}"
    matching = build(read_settings(ENVIRONMENT), client=client, database=f"{name}-matching")
    matching.store.migrate(INDEXES)
    databases = {area: client[f"{name}-{area}"] for area in AREAS}
    apps = {area: chassis_app(area, matching, databases[area]) for area in AREAS}
    apps["matching"] = make_app(matching)
    yield Market(serve(by_area(apps)), matching, databases, staff_token(matching))
    for area in AREAS:
        client.drop_database(f"{name}-{area}")
    client.close()


def chassis_app(area: str, matching: Application, database: Any) -> Flask:
    app, _ = create_app(
        area,
        area=area,
        title=area,
        sessions=matching.sessions,
        idempotency=matching.idempotency,
        checks={"mongodb": lambda: None},
        secure_cookies=False,
        operations=Operations(database, matching.clock),
    )
    ui.register(app, service=area)
    return app


def by_area(apps: dict[str, Flask]) -> Callable[[dict[str, Any], Any], Iterable[bytes]]:
    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        segments = environ["PATH_INFO"].split("/")
        area = segments[2] if segments[1] == "api" else "matching"
        return apps[area](environ, start_response)

    return application


def staff_token(matching: Application) -> str:
    signer = TokenSigner(
        issuer="payment-service",
        private_key=STAFF_KEYS[0],
        audience="crowdloom-session",
        clock=matching.clock,
    )
    staff = Sessions(signer=signer, verifier=matching.sessions._verifier, clock=matching.clock)
    person = Principal("staff", "stf_1", frozenset({"operator"}), "Niko")
    return staff.issue(person, lifetime=timedelta(hours=1))


@pytest.fixture(scope="module", autouse=True)
def scene(market: Market) -> str:
    """One service well, one behind with a dead letter, one silent; three batches, one starving.

    Returns the dead letter's id.
    """
    now = market.matching.clock.now()
    lag = {"task.lifecycle/0": 0, "task.lifecycle/1": 14, "matching.assignments/3": 2}
    for area, ago in (("tasks", 2), ("workers", 3), ("matching", 95)):
        market.databases[area][PROCESS_STATUS].insert_one(
            {
                "_id": f"{area}-events",
                "seen_at": now - timedelta(seconds=ago),
                "handled_count": 1204,
                "lag": 16 if area == "workers" else 0,
                "lag_by_partition": lag if area == "workers" else {"task.lifecycle/0": 0},
                "lag_age_seconds": 1.0,
            }
        )
    old = {"_id": "evt_1", "pending": True, "created_at": now - timedelta(seconds=48)}
    market.databases["workers"][OUTBOX].insert_one(old)
    for number, title in enumerate(("Does it follow?", "قیمت را بنویسید", "Box each bicycle"), 1):
        tell(market.matching, f"bat_0000000000000000000000000{number}", title)
    for number in range(3):
        market.matching.claim_task(f"wrk_{number}", "k", batch_id="bat_00000000000000000000000001")
    market.matching.count_progress()
    message = BusMessage("task.lifecycle", "bat_1", b"{", (), 1, 3_117)
    reason = "task.submission.received.v1: {'auto_accept_at': ['Missing data for required field.']}"
    letters = DeadLetters(market.databases["workers"], market.matching.clock)
    return letters.bury(message, reason)


def tell(matching: Application, batch_id: str, title: str) -> None:
    opened = BatchOpened(
        batch_id=batch_id,
        project_id="prj_1",
        requester_id="req_1",
        requester_name="Fir Research Group",
        title=title,
        description="Read and choose.",
        reward=Money.of_minor(5, "USD"),
        task_count=40,
        redundancy=3,
        lease_seconds=600,
        auto_accept_seconds=86_400,
        opened_at=matching.clock.now() - timedelta(minutes=20),
    )
    tasks = tuple(f"tsk_{batch_id}_{number}" for number in range(40))
    events = [opened, TasksReleased(batch_id=batch_id, chunk=0, redundancy=3, task_ids=tasks)]
    if batch_id.endswith("3"):
        events.append(BatchPaused(batch_id))
    for number, event in enumerate(events):
        envelope = Envelope(f"evt_{number}", opened.opened_at, batch_id, Cause("c"), event)
        handler = SUBSCRIPTIONS[type(event)]
        matching.store.run(lambda s, h=handler, e=envelope: h(e, s))  # type: ignore[misc]


@pytest.fixture
def page(chromium: Browser, market: Market) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    market.sign_in(context)
    yield context.new_page()
    context.close()


PATHS = (
    "/operator",
    "/operator/batches",
    "/operator/trace",
    "/operator/matching",
    "/operator/matching/policy",
    "/operator/matching/policy?try=1",
)


def panels_are_there(page: Page) -> None:
    if urlsplit(page.url).path == "/operator":
        expect(page.locator(".panel .figures")).to_have_count(len(AREAS))


@pytest.mark.timeout(600)
def test_an_operators_page_is_accessible_fits_and_keeps_to_the_policy(
    chromium: Browser, market: Market
) -> None:
    context = chromium.new_context(reduced_motion="reduce")
    market.sign_in(context)
    page = context.new_page()
    faults = watch(page, market.origin)
    found = [
        line
        for number, path in enumerate(PATHS)
        for line in wrong(page, market.origin + path, looks(number), ready=panels_are_there)
    ]
    context.close()
    assert found + faults == []


def test_without_script_every_service_can_be_reached_and_asked_to_try_again(
    chromium: Browser, market: Market, scene: str
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    market.sign_in(context)
    page = context.new_page()
    for area in AREAS:
        page.goto(f"{market.origin}/operator")
        page.locator(f"#panel-{area} a").click()
        expect(page.locator(".figures")).to_have_count(1)
    page.goto(f"{market.origin}/api/workers/operations/panel")
    page.locator(f"#replay-workers-{scene}").click()
    expect(page).to_have_url(f"{market.origin}/operator")
    letters = DeadLetters(market.databases["workers"], market.matching.clock)
    assert [letter_id for letter_id, _ in letters.requested()] == [scene]
    letters.settle(scene, reason="still: the body is not an object")
    context.close()


def test_a_dead_letter_is_replayed_with_the_keyboard_alone(
    page: Page, market: Market, scene: str
) -> None:
    page.goto(f"{market.origin}/operator")
    button = page.locator(f"#replay-workers-{scene}")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#panel-workers")).to_contain_text("Trying again")
    DeadLetters(market.databases["workers"], market.matching.clock).settle(scene, reason="again")


def test_a_silent_service_and_a_starving_batch_stand_out(page: Page, market: Market) -> None:
    page.goto(f"{market.origin}/operator")
    expect(page.locator("#panel-payments .figure.attention").first).to_contain_text("unknown")
    page.goto(f"{market.origin}/operator/batches")
    expect(page.locator("tr", has_text="قیمت را بنویسید")).to_contain_text("Starving")
    expect(page.locator("tr", has_text="Does it follow?")).not_to_contain_text("Starving")
    expect(page.locator("tr", has_text="Box each bicycle")).to_contain_text("Paused")


def test_whoever_is_not_signed_in_is_sent_to_sign_in(chromium: Browser, market: Market) -> None:
    context = chromium.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(urlsplit(sent.url).path))
    page.goto(f"{market.origin}/operator/batches")
    assert "/finance/sign-in" in asked
    context.close()
