"""Every page of a worker, and the reviewer's, looked at; and the queue's counts, live."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from crowdloom.chassis.tokens import SESSION_AUDIENCE, TokenSigner, new_signing_key
from crowdloom.contracts import Cause, Envelope, Event
from crowdloom.contracts.matching import AssignmentClaimed, BatchProgressed
from crowdloom.contracts.task import (
    BatchOpened,
    BatchPaused,
    BatchResumed,
    SubmissionReceived,
    SubmissionRejected,
    SubmissionReturned,
    TasksReleased,
)
from crowdloom.kernel import Money
from crowdloom.testkit.looks import looks, wrong
from playwright.sync_api import Browser, expect
from pymongo import MongoClient
from task_service.application.review_submissions import Decision
from worker_service.adapters.mongo_session import INDEXES
from worker_service.bootstrap import Application, build
from worker_service.config import read_settings
from worker_service.entrypoints.events import SUBSCRIPTIONS
from worker_service.entrypoints.http.accounts import session_of
from worker_service.entrypoints.wsgi import create_web

pytestmark = pytest.mark.browser

KEYS = {name: new_signing_key() for name in ("worker-service", "payment-service")}
ENVIRONMENT = {
    "CROWDLOOM_MONGODB_URI": "mongodb://unused",
    "CROWDLOOM_KAFKA_BOOTSTRAP": "unused",
    "CROWDLOOM_WORKER_SERVICE_SIGNING_KEY": KEYS["worker-service"][0],
    "CROWDLOOM_PUBLIC_KEYS": json.dumps({name: public for name, (_, public) in KEYS.items()}),
    "CROWDLOOM_CURSOR_KEY": "a key for tests alone",
    "CROWDLOOM_SECURE_COOKIES": "false",
}
APPEALED, REJECTED, CLAIMED = (f"asg_{number:026d}" for number in (1, 2, 3))
ADDRESS = f"https://rules.example.org/{'a-rule-of-many-words-' * 6}"
WORKER_PAGES = [
    "/work/queue",
    "/work/my-work",
    "/work/settings",
    "/work/account",
    "/work/qualifications",
    "/work/qualifications/language-fa",
    "/work/practice/1",
    f"/work/assignments/{CLAIMED}",
    f"/work/assignments/{REJECTED}",
    f"/work/assignments/{REJECTED}/appeal",
    f"/work/assignments/{APPEALED}/appeal",
    "/work/queue/unseen?q=nothing+fits",
    "/work/alerts",
    "/work/requesters/req_1",
    "/work/standing",
    "/work/queue/bat_1",
]
REVIEWER_PAGES = ["/operator/appeals", f"/operator/appeals/{APPEALED}", "/operator/accounts"]
TASK_OPERATOR_PAGES = ["/operator/talk", "/operator/answers"]


@dataclass
class Scene:
    application: Application
    origin: str
    worker: str
    reviewer: str


@pytest.fixture(scope="module")
def scene(mongodb_uri: str, serve: Callable[[Any], str]) -> Iterator[Scene]:
    client: MongoClient[dict[str, Any]] = MongoClient(mongodb_uri, tz_aware=True)
    name = f"worker-pages-{uuid.uuid4().hex[:12]}"
    application = build(read_settings(ENVIRONMENT), client=client, database=name)
    application.store.migrate(INDEXES)
    worker = application.register_worker(languages=["en"], source="test").worker
    tell(application, *happened(application, worker.worker_id))
    application.appeal_rejection.open(worker.worker_id, APPEALED, "It follows rule two.")
    application.review_appeals.say(APPEALED, "Which sentence of rule two do you mean?")
    web = create_web(application)
    with web.test_request_context():  # a session notes what device it was begun on
        token = session_of(application, worker)["token"]
    yield Scene(application, serve(web), token, staff_token(application))
    client.drop_database(name)
    client.close()


@pytest.fixture(scope="module")
def talked_about(workplace: Any) -> Any:
    """Tasks with a reported question, and with answers that are alike."""
    words = "A small boat lies on the beach beside a red house."
    first = workplace.item("<input name=said>")
    task = workplace.tasks.batches.tasks(workplace.tasks.reader.batches.get(first.batch_id))[0]
    for pseudonym in ("A7F3K", "B2M9Q", "C5T1X"):
        item = workplace.ticket(first.batch_id, task.task_id, pseudonym=pseudonym)
        ticket = workplace.tasks.tickets.read(item.ticket)
        workplace.tasks.answer_task.submit(ticket, (("said", words),))
        asked = workplace.tasks.talk.ask(ticket, "What if it is a ship?", about_item=False)
    workplace.tasks.talk.report(
        first.batch_id, asked.message_id, reporter=None, reason="It is rude."
    )
    return workplace


def staff_token(application: Application) -> str:
    signer = TokenSigner(
        issuer="payment-service",
        private_key=KEYS["payment-service"][0],
        audience=SESSION_AUDIENCE,
        clock=application.clock,
    )
    claims = {"sub": "stf_1", "role": "staff", "grants": ["operator"], "name": "Rae"}
    return signer.sign(claims, expires_at=application.clock.now() + timedelta(hours=1))


def tell(application: Application, *events: Event) -> None:
    for number, event in enumerate(events):
        envelope = Envelope(
            event_id=f"evt_{number:026d}",
            occurred_at=application.clock.now(),
            key="key",
            cause=Cause(f"evt_{number:026d}"),
            event=event,
        )
        handler = SUBSCRIPTIONS[type(event)]
        application.store.run(lambda session, e=envelope, h=handler: h(e, session))


def happened(application: Application, worker_id: str) -> list[Any]:
    now = application.clock.now() - timedelta(hours=3)
    events: list[Any] = [
        BatchOpened(
            batch_id="bat_1",
            project_id="prj_1",
            requester_id="req_1",
            requester_name="Fir Research Group",
            title="Does the second sentence follow?",
            description="Read two sentences.",
            reward=Money.of_minor(5, "USD"),
            task_count=10,
            redundancy=3,
            lease_seconds=600,
            auto_accept_seconds=86_400,
            opened_at=now,
            language="en",
        ),
        TasksReleased(batch_id="bat_1", chunk=0, redundancy=3, task_ids=("tsk_1", "tsk_2")),
    ]
    for assignment_id in (APPEALED, REJECTED, CLAIMED):
        slot = {"assignment_id": assignment_id, "task_id": "tsk_1", "batch_id": "bat_1"}
        known = {**slot, "requester_id": "req_1", "pseudonym": "A7F3K9Q2MC41TM08D"}
        answer = {**known, "submission_id": f"sub_{assignment_id}"}
        later, day = now + timedelta(minutes=1), timedelta(days=1)
        events.append(
            AssignmentClaimed(**known, worker_id=worker_id, claimed_at=now, deadline=now + day)
        )
        if assignment_id == CLAIMED:
            continue
        events += [
            SubmissionReceived(**answer, submitted_at=later, auto_accept_at=later + day),
            SubmissionRejected(
                **answer,
                rejected_at=later + timedelta(hours=1),
                reason=f"It is about another sentence: {ADDRESS}",
                slot_reopened=True,
            ),
        ]
    before = {**known, "assignment_id": f"asg_{4:026d}", "submission_id": "sub_4"}
    note = f"As it says at {ADDRESS}"
    back = SubmissionReturned(**before, returned_at=later, note=note, rework_assignment_id=CLAIMED)
    return [*events, back]


@pytest.mark.timeout(600)
def test_workers_and_reviewers_pages_are_accessible_fit_and_keep_to_the_policy(
    chromium: Browser, scene: Scene, talked_about: Any
) -> None:
    [looked_at] = talked_about.tasks.reader.submissions.newest(1)
    rejected = Decision(looked_at.submission_id, accept=False, reason="It is another picture.")
    talked_about.tasks.review.decide(looked_at.requester_id, rejected)
    evidence = f"/operator/answers/{looked_at.assignment_id}"
    people = [
        (scene.origin, scene.worker, WORKER_PAGES),
        (scene.origin, scene.reviewer, REVIEWER_PAGES),
        (talked_about.origin, talked_about.operator_token(), [*TASK_OPERATOR_PAGES, evidence]),
    ]
    found: dict[str, list[str]] = {}
    for origin, token, paths in people:
        context = chromium.new_context(
            reduced_motion="reduce", extra_http_headers={"Authorization": f"Bearer {token}"}
        )
        page = context.new_page()
        scripts: list[str] = []
        page.on("pageerror", lambda error, f=scripts: f.append(f"script: {error}"))
        for path in paths:
            found[path] = wrong(page, origin + path, looks(len(found))) + scripts
            scripts.clear()
        context.close()
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_counts_come_live_and_without_a_stream_by_asking_again(
    chromium: Browser, scene: Scene
) -> None:
    context = chromium.new_context(extra_http_headers={"Authorization": f"Bearer {scene.worker}"})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url.rpartition("/")[2]))
    left = page.locator("#offer-bat_1 [data-left] b")

    def count(left_count: int) -> None:
        now = scene.application.clock.now()
        tell(
            scene.application,
            BatchProgressed(
                batch_id="bat_1",  # type: ignore[arg-type]
                open_slot_count=left_count,
                leased_slot_count=0,
                counted_at=now,
            ),
        )

    page.goto(f"{scene.origin}/work/queue")
    search = page.locator(".filters [name=q]")
    expect(search).to_be_visible()
    page.set_viewport_size({"width": 375, "height": 800})
    expect(search).to_be_hidden()
    page.locator(".folded > summary").press("Enter")
    expect(search).to_be_visible()
    count(5)
    expect(left).to_have_text("5")
    assert ("live" in asked, "offers" in asked) == (True, False)
    tell(scene.application, BatchPaused("bat_1"))  # type: ignore[arg-type]
    expect(left).to_have_count(0)
    tell(scene.application, BatchPaused("bat_1"), BatchResumed("bat_1"))  # type: ignore[arg-type]
    page.route("**/live", lambda route: route.abort())
    page.clock.install()
    page.goto(f"{scene.origin}/work/queue")
    count(4)
    page.clock.run_for(6_000)
    expect(left).to_have_text("4")
    assert asked[-1] == "offers"
    context.close()
