"""payment-service beside the processor's simulator, in the middle of its life: a run with a refused
payout, one that waits for its checker, workers who ask, a requester with batches, equal books.
"""

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
from crowdloom.chassis.tokens import SESSION_AUDIENCE, TokenSigner, new_signing_key
from crowdloom.contracts import Cause, Envelope, Event
from crowdloom.contracts.matching import AssignmentClaimed
from crowdloom.contracts.payment import slot_fee
from crowdloom.contracts.task import BatchFundingRequested, SubmissionAccepted
from crowdloom.kernel import Money, SystemClock, TimeOrderedIds
from crowdloom.kernel.ids import PayoutRunId, RequesterId, StaffId, WorkerId
from crowdloom_local.crowd.checkout import complete_onboarding, pay_checkout, refuse_transfers
from flask import Flask
from payment_service.application.bank_ports import StatementFile
from payment_service.bootstrap import Application, build
from payment_service.config import read_settings
from payment_service.entrypoints.events import SUBSCRIPTIONS
from payment_service.entrypoints.wsgi import create_web
from playwright.sync_api import BrowserContext
from stripe_simulator.app import build as build_simulator
from stripe_simulator.server import Server
from stripe_simulator.settings import Settings as SimulatorSettings

ISSUERS = {"requester": "task-service", "worker": "worker-service", "staff": "payment-service"}
KEYS = {service: new_signing_key() for service in ISSUERS.values()}
PASSWORD = "a password for tests alone"
REWARD = Money.of_minor(50, "USD")
SLOTS = 40


@dataclass
class Scene:
    """`workers[0]` has a failed payout, `workers[1]` a paid one, the fifth and later no account.

    `origin` is where the app is served.
    """

    application: Application
    app: Flask
    requester: RequesterId
    workers: list[WorkerId]
    batches: list[str]
    maker: StaffId
    checker: StaffId
    newcomer: StaffId
    secrets: dict[str, str]
    ended_run: str = ""
    waiting_run: str = ""
    reconciliation: str = ""
    top_up: str = ""
    unpaid_top_up: str = ""
    proposal: str = ""
    held_worker: str = ""
    bank_file: str = ""
    statement: str = ""
    bank_lines: tuple[str, ...] = ()
    origin: str = ""
    accepted: int = 0

    def sign_in(self, context: BrowserContext, role: str, subject: str, *grants: str) -> None:
        """Give the browser a session, as the role's own service would."""
        issuer = ISSUERS[role]
        signer = TokenSigner(
            issuer=issuer,
            private_key=KEYS[issuer][0],
            audience=SESSION_AUDIENCE,
            clock=self.application.clock,
        )
        claims = {"sub": subject, "role": role, "grants": list(grants), "name": "test"}
        token = signer.sign(claims, expires_at=self.application.clock.now() + timedelta(hours=1))
        context.add_cookies([{"name": f"cl_{role}", "value": token, "url": self.origin}])

    def deliver(self, *events: Event) -> None:
        """Hand events to the service's handlers, as the consumer does."""
        envelopes = [
            Envelope(
                event_id=f"evt_{uuid.uuid4().hex[:26]}",
                occurred_at=self.application.clock.now(),
                key="key",
                cause=Cause("evt_scene"),
                event=event,
            )
            for event in events
        ]

        def work(session: Any) -> None:
            for envelope in envelopes:
                SUBSCRIPTIONS[type(envelope.event)](envelope, session)

        self.application.store.run(work)

    def accept_answers(self, worker: WorkerId, count: int, batch: str) -> None:
        """The worker takes `count` tasks and is accepted on all."""
        now = self.application.clock.now()
        for _ in range(count):
            self.accepted += 1
            number = f"{self.accepted:026d}"
            of_assignment = {
                "assignment_id": f"asg_{number}",
                "task_id": f"tsk_{number}",
                "batch_id": batch,
                "requester_id": self.requester,
                "pseudonym": "A7F3K9Q2MC41TM08D",
            }
            self.deliver(
                AssignmentClaimed(**of_assignment, worker_id=worker, claimed_at=now, deadline=now),
                SubmissionAccepted(
                    **of_assignment,
                    submission_id=f"sub_{number}",
                    accepted_at=now,
                    decided_by="requester",
                ),
            )

    def make_run(self) -> PayoutRunId:
        """Draft and freeze."""
        runs, currency = self.application.runs, self.application.currency
        view = runs.draft(self.maker, currency, key=uuid.uuid4().hex)
        runs.freeze(self.maker, view.run.run_id)
        return view.run.run_id

    def pay_out(self, run_id: PayoutRunId) -> None:
        """Let the checker approve, and carry it out."""
        run = self.application.readers.payout_runs.get(run_id)
        assert run
        assert run.content_hash
        self.application.runs.approve(self.checker, run_id, seen_hash=run.content_hash)
        self.work()

    def work(self) -> None:
        """What the events process does by itself."""
        for _ in range(3):
            self.application.execute_payouts()
            self.application.poll_processor.catch_up()
        self.application.reconcile()


@contextmanager
def simulator(data: Path) -> Iterator[str]:
    """The processor's simulator on a port of its own; yields its address."""
    made = build_simulator(SimulatorSettings(data=data))
    server = Server("127.0.0.1", 0, made.app, threads_max=8)
    made.place.port = server.port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
        made.close()


def set_up(mongodb_uri: str, processor: str, origin: str) -> Scene:
    scene = _staffed(_environment(mongodb_uri, processor, origin))
    scene.origin = origin
    application = scene.application
    top_up = application.start_top_up(scene.requester, Money.of_minor(20_000, "USD"), key="first")
    scene.top_up = top_up.top_up_id
    pay_checkout(str(top_up.checkout_url))
    application.poll_processor.catch_up()
    unpaid = application.start_top_up(scene.requester, Money.of_minor(5_000, "USD"), key="second")
    scene.unpaid_top_up = unpaid.top_up_id
    for batch in scene.batches:
        scene.deliver(_funding(scene.requester, batch))
    for index, worker in enumerate(scene.workers):
        scene.accept_answers(worker, 2 + index, scene.batches[0])
    for worker in scene.workers[:4]:
        _payee, link = application.open_payout_account(worker)
        finish = refuse_transfers if worker == scene.workers[0] else complete_onboarding
        finish(str(link))
    application.refresh_payees()
    _read_statements(scene)
    _pay_once(scene)
    _hold_and_propose(scene)
    return scene


def _read_statements(scene: Scene) -> None:
    """One statement is booked, with a line matched by a rule and one in suspense; another waits."""
    application = scene.application
    mapping = {"date": "day", "amount": "amount", "balance": "balance", "text": "text"}
    application.put_bank_account(
        scene.maker,
        "main",
        name="Main account",
        number="DE89 3704 0044 0532 0130 00",
        currency="USD",
        mapping={**mapping, "counterparty": "who"},
    )
    heading = "day,who,text,amount,balance"
    booked, coming = (
        StatementFile("november.csv", "\n".join([heading, *rows, ""]).encode())
        for rows in (
            (
                f"2026-11-02,Lab Ltd,funds for {scene.requester},250.00,1250.00",
                "2026-11-03,Bank,Monthly fee November,-2.50,1247.50",
            ),
            ("2026-11-04,Somebody,who knows,-10.00,1237.50",),
        )
    )
    desk = application.import_statements
    (scene.statement,) = desk.confirm(scene.maker, desk.look(scene.maker, "main", booked).file_id)
    scene.bank_file = desk.look(scene.maker, "main", coming).file_id
    lines = application.readers.bank_lines.of_statement(scene.statement, 2)
    scene.bank_lines = tuple(line.line_id for line in lines)


def _hold_and_propose(scene: Scene) -> None:
    """The fifth worker's earnings are held, and their release waits for a second person."""
    scene.held_worker = scene.workers[4]
    hold = scene.application.place_hold(
        scene.maker, scene.workers[4], reason="Forty answers in one minute; asked the requester."
    )
    release = scene.application.approvals.propose(
        scene.maker,
        "hold_release",
        payload={"hold_id": hold.hold_id},
        reason="The requester is content.",
        key="release",
    )
    scene.application.approvals.reject(scene.checker, release.approval_id, note="Not yet.")
    amount = {"amount_minor": 250, "currency": "USD"}
    lines = [
        {"account": "expense:goodwill:USD", "side": "debit", "amount": amount},
        {
            "account": f"liability:worker:{scene.workers[1]}:payable:USD",
            "side": "credit",
            "amount": amount,
        },
    ]
    scene.proposal = scene.application.approvals.propose(
        scene.maker,
        "manual_entry",
        payload={"lines": lines},
        reason="A gesture for the lost hour of yesterday.",
        key="gesture",
    ).approval_id


def _pay_once(scene: Scene) -> None:
    """Run 1 ends with a refusal, run 2 waits for its checker, one more worker asks."""
    ask = scene.application.ask_for_payout
    for worker in scene.workers[:2]:
        ask(worker)
    run = scene.make_run()
    scene.pay_out(run)
    scene.ended_run = run
    for worker in scene.workers[1:3]:
        scene.accept_answers(worker, 2, scene.batches[1])
        ask(worker)
    scene.waiting_run = scene.make_run()
    ask(scene.workers[3])
    asked = scene.application.queue_reconciliation(scene.checker, key="first")
    scene.reconciliation = asked["_id"]
    scene.application.reconcile()


def _staffed(environment: dict[str, str]) -> Scene:
    application = build(
        read_settings(environment),
        database=f"payment-service-{uuid.uuid4().hex[:12]}",
    )
    application.store.migrate_all()
    ids = TimeOrderedIds(SystemClock())
    secrets = {name: pyotp.random_base32() for name in ("maker", "checker", "operator")}
    grants = {
        "maker": ["finance.view", "finance.maker"],
        "checker": ["finance.view", "finance.checker"],
        "operator": ["operator"],
    }
    members = {
        name: application.add_staff(
            email=f"{name}@example.org", grants=grants[name], password=PASSWORD, secret=secret
        )[0]
        for name, secret in secrets.items()
    }
    newcomer, _is_new = application.add_staff(
        email="newcomer@example.org", grants=["finance.view"], password=None, secret=None
    )
    return Scene(
        application=application,
        app=create_web(application),
        requester=RequesterId(ids.new("requester")),
        workers=[WorkerId(ids.new("worker")) for _ in range(7)],
        batches=[ids.new("batch") for _ in range(2)],
        maker=members["maker"].staff_id,
        checker=members["checker"].staff_id,
        newcomer=newcomer.staff_id,
        secrets=secrets,
    )


def _funding(requester: RequesterId, batch: str) -> BatchFundingRequested:
    return BatchFundingRequested(
        batch_id=batch,  # type: ignore[arg-type]
        requester_id=requester,
        revision=1,
        slot_count=SLOTS,
        reward=REWARD,
        fee=slot_fee(REWARD),
    )


def _environment(mongodb_uri: str, processor: str, origin: str) -> dict[str, str]:
    return {
        "CROWDLOOM_MONGODB_URI": mongodb_uri,
        "CROWDLOOM_KAFKA_BOOTSTRAP": "unused",
        "CROWDLOOM_PAYMENT_SERVICE_SIGNING_KEY": KEYS["payment-service"][0],
        "CROWDLOOM_PUBLIC_KEYS": json.dumps({name: public for name, (_, public) in KEYS.items()}),
        "CROWDLOOM_CURSOR_KEY": "a key for tests alone",
        "CROWDLOOM_SECURE_COOKIES": "false",
        "CROWDLOOM_STRIPE_API_KEY": "sk_test_tests",
        "CROWDLOOM_STRIPE_API_BASE": processor,
        "CROWDLOOM_STRIPE_WEBHOOK_SECRET": "whsec_tests",
        "CROWDLOOM_SANDBOX": "true",
        "CROWDLOOM_PAYOUT_RAILS": "stripe,bank_file,gift_credit",
        "CROWDLOOM_PAYOUT_BANK_HOLDER": "Crowdloom",
        "CROWDLOOM_PAYOUT_BANK_IBAN": "GB33BUKB20201555555555",
        "CROWDLOOM_PUBLIC_URL": origin,
    }
