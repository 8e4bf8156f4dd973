"""A requester's desk without a market: task-service alone, with batches in every state."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crowdloom.chassis.http.auth import COOKIE_PATHS
from crowdloom.chassis.http.cursors import Cursors
from crowdloom.chassis.tokens import Principal, new_signing_key
from crowdloom.contracts import Cause, Envelope, Event
from crowdloom.contracts.matching import BatchProgressed, SlotsWithdrawn
from crowdloom.contracts.payment import BatchFunded, BatchFundingDeclined
from crowdloom.kernel import Money
from crowdloom.kernel.ids import AssignmentId, Pseudonym, SubmissionId
from crowdloom.kernel.teams import TeamRole
from flask import Flask
from playwright.sync_api import BrowserContext
from task_service.adapters.mongo_session import INDEXES
from task_service.application.review_submissions import Decision
from task_service.bootstrap import SESSION_LIFETIME, Application, build
from task_service.config import read_settings
from task_service.domain.batches import Batch
from task_service.domain.project_drafts import DraftText, ProjectDraft
from task_service.domain.projects import Project
from task_service.domain.qualifications import Exam
from task_service.domain.requesters import Requester
from task_service.domain.submissions import Submission, SubmissionStatus
from task_service.domain.tables import Table
from task_service.entrypoints.events import handlers
from task_service.entrypoints.pages import starters
from task_service.entrypoints.wsgi import create_web

PASSWORD = "correct horse battery"
ROWS = (
    ("The service was quick and friendly.",),
    ("Toimitus myöhästyi kaksi päivää 😕",),
    ("کیفیت خوب بود، ولی دیر رسید.",),
    ('=HYPERLINK("http://example.org")',),
    ("<b>Bold</b> & <script>alert(1)</script>",),
    ("A long one. " * 30,),
)
PRIVATE_KEY, PUBLIC_KEY = new_signing_key()
LABELS = ("positive", "negative", "neither")


@dataclass
class Desk:
    """One requester with a draft, a draft without funds, a running and a reviewed batch."""

    application: Application
    app: Flask
    requester: Requester
    project: Project
    origin: str = ""

    def sign_in(self, context: BrowserContext) -> None:
        principal = Principal("requester", self.requester.requester_id)
        token = self.application.sessions.issue(principal, lifetime=SESSION_LIFETIME)
        cookie = {"name": "cl_requester", "value": token, "domain": "127.0.0.1"}
        paths = COOKIE_PATHS["requester"]
        context.add_cookies([{**cookie, "path": path} for path in paths])

    @property
    def sample_row(self) -> str:
        return ROWS[0][0]

    def draft_project(self, title: str, template: str) -> ProjectDraft:
        text = DraftText(title, "Say it.", None, template)
        begin = self.application.edit_drafts.begin
        return begin(self.requester.requester_id, text, table=Table(("text",), ROWS))

    def draft(self, title: str, *, redundancy: int = 3) -> Batch:
        batches = self.application.batches
        batch = batches.draft(
            self.project,
            title=title,
            redundancy=redundancy,
            reward=Money.of_minor(5, "USD"),
            lease_seconds=600,
            auto_accept_seconds=3 * 86_400,
        )
        return batches.set_table(batch, Table(("text",), ROWS))

    def declined(self, title: str) -> Batch:
        batch = self.application.batches.publish(self.draft(title))
        self.deliver(
            BatchFundingDeclined(
                batch_id=batch.batch_id,
                requester_id=batch.requester_id,
                revision=batch.revision,
                code="insufficient_funds",
                needed=batch.cost,
                missing=Money(7025, batch.cost.currency),
            )
        )
        return self.again(batch)

    def running(self, title: str, *, answers: int = 0) -> Batch:
        batch = self.application.batches.publish(self.draft(title))
        self.fund(batch)
        for number in range(answers):
            self.answer(batch, number)
        self.deliver(
            BatchProgressed(
                batch_id=batch.batch_id,
                open_slot_count=batch.slot_count - answers - 2,
                leased_slot_count=2,
                counted_at=datetime.now(UTC),
            )
        )
        return self.again(batch)

    def over(self, title: str) -> Batch:
        """Cancelled while nobody held an item: its one answer was accepted, and it is completed."""
        batch = self.running(title, answers=1)
        self.decide(batch, accepted=1, rejected=0)
        self.application.batches.cancel(batch)
        self.deliver(
            SlotsWithdrawn(
                batch_id=batch.batch_id,
                revision=1,
                slot_count=batch.slot_count - 1,
                leased_slot_count=0,
            )
        )
        self.application.complete_batches()
        return self.again(batch)

    def qualification(self) -> str:
        make = self.application.qualifications.make
        owner = self.requester.requester_id
        return make(owner, name="<b>Trees", description="Firs.", exam=Exam()).qualification_id

    def trial(self, batch: Batch) -> str:
        """The page of a row that is being answered against the clock."""
        stamps = Cursors(self.application.settings.common.cursor_key, salt="trials")
        begun = stamps.write(self.application.clock.now().isoformat())
        return f"/requester/batches/{batch.batch_id}/try?row=2&begun={begun}"

    def invitation(self) -> str:
        """Another requester's, as the code that stands in its link."""
        other = self.application.sign_up(email="elm@example.org", password=PASSWORD, name="<b>Elm")
        invite = self.application.teams.invite
        return invite(other.requester_id, role=TeamRole.REVIEWER, note="Fir").secret

    def fund(self, batch: Batch) -> None:
        self.deliver(
            BatchFunded(
                batch_id=batch.batch_id,
                requester_id=batch.requester_id,
                revision=batch.revision,
                reserved=batch.cost,
            )
        )

    def settle(self) -> None:
        """Take the decisions that the review page holds for ten seconds to be undone."""
        self.application.hold_decisions.take(datetime.now(UTC) + timedelta(seconds=11))

    def answer(self, batch: Batch, number: int) -> Submission:
        """The `number`-th answer, from a worker of its own; three workers a task."""
        tasks = self.application.batches.tasks(batch)
        now = datetime.now(UTC)
        ids = self.application.ids
        submission = Submission(
            submission_id=SubmissionId(ids.new("submission")),
            assignment_id=AssignmentId(ids.new("assignment")),
            task_id=tasks[number // 3].task_id,
            batch_id=batch.batch_id,
            requester_id=batch.requester_id,
            pseudonym=Pseudonym(f"P{number:03d}7F{number % 10}K"),
            answer=(("label", LABELS[number % 3]), ("remark", "<i>fine</i>" if number % 2 else "")),
            status=SubmissionStatus.SUBMITTED,
            claimed_at=now - timedelta(seconds=24 + number),
            submitted_at=now,
            auto_accept_at=now + timedelta(days=3),
        )
        self.application.store.run(lambda session: session.submissions.add(submission))
        return submission

    def decide(self, batch: Batch, *, accepted: int, rejected: int) -> None:
        found = self.application.review.page(batch.batch_id)
        choices = [True] * accepted + [False] * rejected
        for submission, accept in zip(found, choices, strict=False):
            decision = Decision(submission.submission_id, accept=accept, reason="Not the <text>.")
            self.application.review.decide(self.requester.requester_id, decision)

    def again(self, batch: Batch) -> Batch:
        return self.application.batches.get(batch.requester_id, batch.batch_id)

    def deliver(self, event: Event) -> None:
        table = handlers(self.application.follow)
        event_id = self.application.ids.new("event")
        envelope = Envelope(
            event_id=event_id,
            occurred_at=self.application.clock.now(),
            key="key",
            cause=Cause(event_id),
            event=event,
        )
        self.application.store.run(lambda session: table[type(event)](envelope, session))


def environment(mongodb_uri: str) -> dict[str, str]:
    return {
        "CROWDLOOM_MONGODB_URI": mongodb_uri,
        "CROWDLOOM_KAFKA_BOOTSTRAP": "unused",
        "CROWDLOOM_TASK_SERVICE_SIGNING_KEY": PRIVATE_KEY,
        "CROWDLOOM_PUBLIC_KEYS": json.dumps({"task-service": PUBLIC_KEY}),
        "CROWDLOOM_CURSOR_KEY": "a key for tests alone",
        "CROWDLOOM_SECURE_COOKIES": "false",
    }


def make_desk(mongodb_uri: str) -> Desk:
    """The service in a database of its own; the fragments of others answer as pages do."""
    tasks = build(
        read_settings(environment(mongodb_uri)), database=f"task-service-{uuid.uuid4().hex[:8]}"
    )
    tasks.store.migrate(INDEXES)
    requester = tasks.sign_up(email="fir@example.org", password=PASSWORD, name="Fir Research")
    project = tasks.projects.create(
        requester.requester_id,
        title="How does the writer feel? <b>Remarks</b>",
        description="Read a remark of a customer and choose the label that fits best.",
        template=starters.template_of("classification") or "",
        language="en",
    )
    web = create_web(tasks)
    both = Flask("desk", static_folder=None)
    purse = Flask("purse", static_folder=None)
    purse.add_url_rule("/pay/fragments/wallet", "purse", lambda: "Free <b>$412.50</b>")
    purse.add_url_rule("/pay/wallet", "wallet", lambda: "The wallet")
    purse.add_url_rule("/match/reach", "reach", lambda: "<p>About <b>340</b> workers</p>")

    def dispatch(environ: dict[str, Any], start_response: Any) -> Any:
        app = purse if environ["PATH_INFO"].startswith(("/pay/", "/match/")) else web
        return app(environ, start_response)

    both.wsgi_app = dispatch  # type: ignore[method-assign]
    return Desk(tasks, both, requester, project)
