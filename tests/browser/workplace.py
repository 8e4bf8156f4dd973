"""A worker's desk without a market: task-service and worker-service on one origin, and tickets."""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crowdloom.chassis.tickets import Ticket, TicketSigner
from crowdloom.chassis.tokens import (
    SESSION_AUDIENCE,
    TICKET_AUDIENCE,
    TokenSigner,
    new_signing_key,
)
from crowdloom.kernel import Money, SystemClock, TimeOrderedIds
from crowdloom.kernel.ids import AssignmentId, BatchId, Pseudonym, RequesterId, TaskId
from crowdloom_local.composition import service_of
from flask import Flask
from playwright.sync_api import BrowserContext, Page
from pymongo import MongoClient
from task_service.adapters.mongo_session import INDEXES as TASK_INDEXES
from task_service.bootstrap import Application
from task_service.bootstrap import build as build_tasks
from task_service.config import read_settings as task_settings
from task_service.domain.tables import Table
from task_service.entrypoints.wsgi import create_web as task_web
from worker_service.adapters.mongo_session import INDEXES as WORKER_INDEXES
from worker_service.bootstrap import build as build_workers
from worker_service.config import read_settings as worker_settings
from worker_service.entrypoints.wsgi import create_web as worker_web

SERVICES = ("task-service", "worker-service", "matching-service", "payment-service")
KEYS = {name: new_signing_key() for name in SERVICES}
REQUESTER = RequesterId("req_00000000000000000000000001")


ENVIRONMENT = {
    "CROWDLOOM_MONGODB_URI": "mongodb://unused",
    "CROWDLOOM_KAFKA_BOOTSTRAP": "unused",
    "CROWDLOOM_TASK_SERVICE_SIGNING_KEY": KEYS["task-service"][0],
    "CROWDLOOM_WORKER_SERVICE_SIGNING_KEY": KEYS["worker-service"][0],
    "CROWDLOOM_PUBLIC_KEYS": json.dumps({name: public for name, (_, public) in KEYS.items()}),
    "CROWDLOOM_CURSOR_KEY": "a key for tests alone",
    "CROWDLOOM_SECURE_COOKIES": "false",
}


@dataclass
class Item:
    """A claimed task: whoever has the ticket may do it."""

    assignment_id: AssignmentId
    ticket: str
    batch_id: BatchId


@dataclass
class Workplace:
    """`origin` is set once the app is served."""

    tasks: Application
    app: Flask
    origin: str = ""

    def item(
        self,
        template: str,
        row: Mapping[str, str] | None = None,
        *,
        minutes_left: int = 30,
        allowed_hosts: Iterable[str] | None = None,
    ) -> Item:
        """Publish a template with one row and hand its only task out."""
        row = dict(row or {"n": "1"})
        project = self.tasks.projects.create(
            REQUESTER,
            title="Task",
            description="A task for tests.",
            template=template,
            allowed_hosts=None if allowed_hosts is None else tuple(allowed_hosts),
        )
        batch = self.tasks.batches.draft(
            project,
            title=None,
            redundancy=1,
            reward=Money.of_minor(5, "USD"),
            lease_seconds=1800,
            auto_accept_seconds=86_400,
        )
        batch = self.tasks.batches.set_table(batch, Table(tuple(row), [tuple(row.values())]))
        task = self.tasks.batches.tasks(batch)[0]
        return self.ticket(batch.batch_id, task.task_id, minutes_left=minutes_left)

    def ticket(
        self,
        batch_id: BatchId,
        task_id: TaskId,
        *,
        minutes_left: int = 30,
        pseudonym: str = "A7F3K",
    ) -> Item:
        clock = SystemClock()
        assignment_id = AssignmentId(TimeOrderedIds(clock).new("assignment"))
        signer = TokenSigner(
            issuer="matching-service",
            private_key=KEYS["matching-service"][0],
            audience=TICKET_AUDIENCE,
            clock=clock,
        )
        now = datetime.now(UTC)
        ticket = Ticket(
            assignment_id=assignment_id,
            task_id=task_id,
            batch_id=batch_id,
            pseudonym=Pseudonym(pseudonym),
            claimed_at=now,
            deadline=now + timedelta(minutes=minutes_left),
        )
        return Item(assignment_id, TicketSigner(signer).sign(ticket), batch_id)

    def operator_token(self) -> str:
        """A session of staff, as payment-service issues it."""
        clock = SystemClock()
        signer = TokenSigner(
            issuer="payment-service",
            private_key=KEYS["payment-service"][0],
            audience=SESSION_AUDIENCE,
            clock=clock,
        )
        claims = {"sub": "stf_1", "role": "staff", "grants": ["operator"], "name": "Rae"}
        return signer.sign(claims, expires_at=clock.now() + timedelta(hours=1))

    def hand(self, context: BrowserContext, item: Item) -> None:
        """Give the browser the cookies that a claim would have set."""
        for path in ("/frame", "/api/tasks/v1"):
            context.add_cookies(
                [
                    {
                        "name": f"cl_ticket_{item.assignment_id}",
                        "value": item.ticket,
                        "domain": "127.0.0.1",
                        "path": f"{path}/assignments/{item.assignment_id}",
                        "httpOnly": True,
                        "sameSite": "Lax",
                    }
                ]
            )

    def sign_up(self, context: BrowserContext) -> None:
        """Make the browser's user a worker, by the pages."""
        page = context.new_page()
        page.goto(f"{self.origin}/work/start")
        page.get_by_role("main").get_by_role("button").first.click()
        page.get_by_role("checkbox").check()
        page.get_by_role("main").locator("form button").last.click()
        page.wait_for_url("**/work/queue*")
        # Nobody here waits ten seconds for second thoughts, but for the tests of just that.
        page.evaluate("localStorage.setItem('cl_workspace', JSON.stringify({undo: false}))")
        page.close()

    def open(self, context: BrowserContext, item: Item) -> Page:
        """The workspace of an item, in a browser that holds its ticket."""
        self.hand(context, item)
        page = context.new_page()
        page.goto(f"{self.origin}/work/assignments/{item.assignment_id}")
        return page

    def answer_of(self, item: Item) -> list[list[str]] | None:
        found = self.tasks.answer_task.submitted(item.assignment_id)
        return None if found is None else [list(pair) for pair in found.answer]

    def draft_of(self, item: Item) -> list[list[str]] | None:
        found = self.tasks.reader.drafts.get(item.assignment_id)
        return None if found is None else [list(pair) for pair in found.answer]


def make_workplace(client: "MongoClient[dict[str, Any]]") -> Workplace:
    """Both services in databases of their own, behind one Flask application."""
    mark = uuid.uuid4().hex[:8]
    tasks = build_tasks(task_settings(ENVIRONMENT), client=client, database=f"task-service-{mark}")
    tasks.store.migrate(TASK_INDEXES)
    workers = build_workers(
        worker_settings(ENVIRONMENT), client=client, database=f"worker-service-{mark}"
    )
    workers.store.migrate(WORKER_INDEXES)
    apps = {"task_service": task_web(tasks), "worker_service": worker_web(workers)}
    both = Flask("workplace", static_folder=None)

    def dispatch(environ: dict[str, Any], start_response: Any) -> Any:
        service = service_of(environ["PATH_INFO"])
        return apps.get(service, apps["worker_service"])(environ, start_response)

    both.wsgi_app = dispatch  # type: ignore[method-assign]
    return Workplace(tasks, both)
