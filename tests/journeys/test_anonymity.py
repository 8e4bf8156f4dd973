"""Two colluding requesters put together all that they can get, and cannot tell who is who.

Two workers work for both. Everything that reaches a requester is read: API, pages, response
headers, exports, and the events of every topic that is open (more than a requester ever sees:
webhooks are made of a part of them). A value links a worker if it stands beside that worker's work
at both requesters and not beside the other worker's.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from crowdloom.client import Problem, Requester, Worker
from crowdloom.contracts import event_type
from crowdloom.testkit.waiting import until
from crowdloom_local.crowd.checkout import pay_checkout
from crowdloom_local.market import Market
from crowdloom_local.staff import PASSWORD
from pymongo import MongoClient

pytestmark = [pytest.mark.engines, pytest.mark.timeout(240)]

SERVICES = ("task-service", "worker-service", "matching-service", "payment-service")
TEMPLATE = '<p>${text}</p><label>Label <input name="label" required></label>'
TABLE = b"text\none\ntwo\n"
TEN_CENTS = {"amount_minor": 10, "currency": "USD"}
FUNDS = {"amount_minor": 500, "currency": "USD"}
EXPORTS = ("tidy", "jsonl", "consensus", "mturk")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{3,}")
# A short time is a measurement, and two may agree by chance.
_DURATION = re.compile(r"\d{1,5}(\.\d{1,3})?")
_numbers = count(1)


@dataclass
class Side:
    """One requester, one batch, and the assignments that each worker had in it."""

    requester: Requester
    batch_id: str
    assignments: dict[str, set[str]] = field(default_factory=dict)

    def rows(self, market: Market) -> list[str]:
        """All that this requester can get, in pieces that belong to one answer or to none."""
        submissions = list(self.requester.submissions(self.batch_id))
        pieces = [json.dumps(one) for one in submissions]
        for kind in EXPORTS:
            pieces += self.requester.results(self.batch_id, kind=kind).decode().splitlines()
        for row in _open_events(market):
            if self.batch_id in row:
                pieces.append(row)
        return pieces

    def pages(self) -> str:
        api, batch = self.requester.api, f"/requester/batches/{self.batch_id}"
        html = {"Accept": "text/html"}
        paths = [batch, f"{batch}/answers", f"{batch}/review", f"{batch}/results"]
        answers = [api.call("GET", path, headers=html) for path in (*paths, "/requester/")]
        return "\n".join(f"{dict(answer.headers)}\n{answer.text}" for answer in answers)


def _open_events(market: Market) -> Iterator[str]:
    with MongoClient[dict[str, Any]](market.engines.mongodb_uri) as client:
        for service in SERVICES:
            for row in client[service]["outbox"].find():
                if not event_type(row["type"]).pii:
                    yield bytes(row["value"]).decode()


def words_beside(rows: list[str], keys: set[str]) -> set[str]:
    """The words of every row that holds one of the keys, in lower case."""
    mine = [row for row in rows if any(key in row for key in keys)]
    words = {word.lower() for row in mine for word in _WORD.findall(row)}
    return {word for word in words if not _DURATION.fullmatch(word)}


def linking(rows: dict[str, list[str]], keys: dict[str, dict[str, set[str]]]) -> set[str]:
    """Words beside one worker's work at both sides and beside nobody else's. `rows` is by side;
    `keys` is by worker, then by side: what marks the worker's work there.
    """
    found: set[str] = set()
    for worker, own in keys.items():
        both = set.intersection(*(words_beside(rows[side], own[side]) for side in rows))
        others = {
            word
            for other, theirs in keys.items()
            if other != worker
            for side in rows
            for word in words_beside(rows[side], theirs[side])
        }
        found |= both - others
    return found


def side(market: Market) -> Side:
    requester = Requester.sign_up(
        market.url,
        email=f"colluding{next(_numbers)}@example.org",
        password=PASSWORD,
        name="Colluding",
    )
    pay_checkout(requester.top_up(FUNDS)["checkout_url"])
    until(lambda: requester.wallet()["free"] == FUNDS)
    project = requester.create_project(
        title="Labels", description="Label a text.", template_html=TEMPLATE
    )
    terms = {"reward": TEN_CENTS, "redundancy": 2}
    batch_id = requester.create_batch(project["project_id"], **terms)["batch_id"]
    requester.add_csv(batch_id, TABLE)
    requester.publish(batch_id)
    until(lambda: requester.batch(batch_id)["status"] == "open")
    return Side(requester, batch_id)


def claimed(worker: Worker, batch_id: str) -> Any:
    """An assignment of the batch, once matching-service has heard of it and there is one."""

    def one() -> Any:
        try:
            return worker.claim(batch_id)
        except Problem as problem:
            if problem.code != "not_found":
                raise
            return None

    return until(one)


def work_on(one: Side, worker: Worker) -> None:
    for _ in range(2):
        assignment = claimed(worker, one.batch_id)
        worker.submit(assignment, [("label", "same")])
        one.assignments.setdefault(worker.worker_id, set()).add(assignment["assignment_id"])


def marks(one: Side, worker_id: str) -> set[str]:
    """Ids and pseudonym under which the requester knows this worker's work."""
    own = one.assignments[worker_id]
    mine = [s for s in one.requester.submissions(one.batch_id) if s["assignment_id"] in own]
    assert len(mine) == len(own)
    return {s[name] for s in mine for name in ("assignment_id", "submission_id", "pseudonym")}


def test_two_requesters_find_no_value_that_links_a_worker(market: Market) -> None:
    sides = {"one": side(market), "other": side(market)}
    workers = [Worker.sign_up(market.url), Worker.sign_up(market.url)]
    for one in sides.values():
        for worker in workers:
            work_on(one, worker)
        for submission in one.requester.submissions(one.batch_id):
            one.requester.accept(submission["submission_id"])
        until(lambda one=one: one.requester.spend(one.batch_id)["settled_count"] == 4)
    keys = {
        worker.worker_id: {name: marks(one, worker.worker_id) for name, one in sides.items()}
        for worker in workers
    }
    rows = {name: one.rows(market) for name, one in sides.items()}
    assert linking(rows, keys) == set()

    planted = {name: list(pieces) for name, pieces in rows.items()}
    for name in sides:
        mark = min(keys[workers[0].worker_id][name])
        planted[name].append(json.dumps({"mark": mark, "device": "planted-link"}))
    assert linking(planted, keys) == {"device", "planted-link", "mark"}

    everything = {name: "\n".join([*rows[name], one.pages()]) for name, one in sides.items()}
    for worker in workers:
        of_worker = keys[worker.worker_id]
        for name, other in (("one", "other"), ("other", "one")):
            assert worker.worker_id not in everything[name]
            assert not [mark for mark in of_worker[other] if mark in everything[name]]
