"""Requesters, holders of tickets and events, with what a test does not care about filled in."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crowdloom.chassis.tickets import Ticket
from crowdloom.contracts.matching import BatchProgressed, SlotsWithdrawn, TicketRevoked
from crowdloom.contracts.payment import BatchFunded, BatchFundingDeclined, VatSet
from crowdloom.kernel import Money
from crowdloom.testkit.ports import BEGINNING
from flask import Flask
from flask.testing import FlaskClient

V1 = "/api/tasks/v1"
PASSWORD = "a long enough password"
TEMPLATE = '<p>${sentence}</p><input name="answer" required>'
TABLE = b"sentence\nIt rained.\nThe sun shone.\n"
FIVE_CENTS = {"amount_minor": 5, "currency": "USD"}
PSEUDONYM = "A7F3K9Q2MC41TM08D"
YES = [["answer", "yes"]]
_keys = itertools.count(1)


def idempotency_key() -> dict[str, str]:
    return {"Idempotency-Key": f"key-{next(_keys)}"}


@dataclass
class Requester:
    """Calls the API as one requester; every POST has a fresh Idempotency-Key."""

    api: FlaskClient
    requester_id: str
    token: str
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def sign_up(cls, web: Flask, *, email: str, name: str) -> "Requester":
        body = {"email": email, "password": PASSWORD, "name": name}
        made = web.test_client().post(f"{V1}/requesters", json=body).json
        return cls.of_token(web, made["requester_id"], made["token"])

    @classmethod
    def of_token(cls, web: Flask, requester_id: str, token: str) -> "Requester":
        headers = {"Authorization": f"Bearer {token}"}
        return cls(web.test_client(use_cookies=False), requester_id, token, headers)

    def get(self, path: str) -> Any:
        return self.api.get(V1 + path, headers=self.headers)

    def delete(self, path: str) -> Any:
        return self.api.delete(V1 + path, headers=self.headers)

    def post(self, path: str, body: object = None, *, key: str | None = None, **more: Any) -> Any:
        keyed = {"Idempotency-Key": key} if key else idempotency_key()
        headers = {**self.headers, **keyed, **more.pop("headers", {})}
        if "data" not in more:
            more["json"] = body if body is not None else {}
        return self.api.post(V1 + path, headers=headers, **more)

    def post_table(self, batch_id: str, table: bytes, kind: str = "text/csv") -> Any:
        headers = {"Content-Type": kind}
        return self.post(f"/batches/{batch_id}/tasks", data=table, headers=headers)

    def project(self, **changes: Any) -> Any:
        fields = {
            "title": "Does it follow?",
            "description": "Read a sentence.",
            "template_html": TEMPLATE,
        }
        return self.post("/projects", {**fields, **changes}).json

    def batch(self, project_id: str | None = None, **terms: Any) -> Any:
        project_id = project_id or self.project()["project_id"]
        fields = {"reward": FIVE_CENTS, "redundancy": 2, "lease_seconds": 600}
        return self.post(f"/projects/{project_id}/batches", {**fields, **terms}).json

    def batch_with_tasks(self, table: bytes = TABLE, **terms: Any) -> Any:
        batch = self.batch(**terms)
        return self.post_table(batch["batch_id"], table).json


@dataclass
class Holder:
    """Somebody with a ticket, and nothing else."""

    web: Flask
    ticket: Ticket
    token: str

    @property
    def assignment_id(self) -> str:
        return self.ticket.assignment_id

    def call(self, method: str, part: str, *, assignment_id: str | None = None, **more: Any) -> Any:
        path = f"{V1}/assignments/{assignment_id or self.assignment_id}/{part}"
        headers = {"Authorization": f"Bearer {self.token}"}
        client = self.web.test_client(use_cookies=False)
        return client.open(path, method=method, headers=headers, **more)

    def load(self) -> Any:
        return self.call("GET", "task")

    def save(self, answer: object) -> Any:
        return self.call("PUT", "draft", json={"answer": answer})

    def draft(self) -> Any:
        return self.call("GET", "draft")

    def submit(self, answer: object = YES) -> Any:
        return self.call("POST", "submission", json={"answer": answer})

    def receipt(self) -> Any:
        return self.call("GET", "submission")


def ticket(
    assignment_id: str, task_id: str, batch_id: str, *, now: datetime, lease_seconds: int = 600
) -> Ticket:
    return Ticket(
        assignment_id=assignment_id,  # type: ignore[arg-type]
        task_id=task_id,  # type: ignore[arg-type]
        batch_id=batch_id,  # type: ignore[arg-type]
        pseudonym=PSEUDONYM,  # type: ignore[arg-type]
        claimed_at=now,
        deadline=now + timedelta(seconds=lease_seconds),
    )


def funded(batch: Any, requester: Requester, *, revision: int = 1) -> BatchFunded:
    return BatchFunded(
        batch_id=batch["batch_id"],
        requester_id=requester.requester_id,  # type: ignore[arg-type]
        revision=revision,
        reserved=Money.from_wire(batch["cost"]),
    )


def vat_set(requester: Requester, basis_points: int) -> VatSet:
    return VatSet(
        requester_id=requester.requester_id,  # type: ignore[arg-type]
        country="DE",
        basis_points=basis_points,
        reverse_charge=False,
        set_at=BEGINNING,
    )


def declined(
    batch: Any, requester: Requester, *, revision: int = 1, code: str = "insufficient_funds"
) -> BatchFundingDeclined:
    return BatchFundingDeclined(
        batch_id=batch["batch_id"],
        requester_id=requester.requester_id,  # type: ignore[arg-type]
        revision=revision,
        code=code,
        needed=Money.from_wire(batch["cost"]),
        missing=Money.of_minor(7, "USD"),
    )


def progressed(batch: Any, *, open_slots: int, leased: int, at: datetime) -> BatchProgressed:
    return BatchProgressed(
        batch_id=batch["batch_id"],
        open_slot_count=open_slots,
        leased_slot_count=leased,
        counted_at=at,
    )


def withdrawn(batch: Any, *, slots: int, revision: int = 1) -> SlotsWithdrawn:
    return SlotsWithdrawn(
        batch_id=batch["batch_id"], revision=revision, slot_count=slots, leased_slot_count=0
    )


def revoked(held: Ticket) -> TicketRevoked:
    return TicketRevoked(
        assignment_id=held.assignment_id, task_id=held.task_id, batch_id=held.batch_id
    )
