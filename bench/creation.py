"""Tasks made through the API beside bare pymongo's insert_many, and the download of many answers.

By the environment: ENGINE, TASKS (50,000), PART (10,000 rows a request) and ANSWERS (100,000). Bare
pymongo inserts into a collection with the same indexes, 500 documents together, from one thread as
well, A B A B: the very documents that the service wrote, which hold up to a hundred tasks each
(`ratio_to_the_same_documents`), and a document a task (of BARE tasks, 20,000), as a service would
that packs nothing (`ratio_to_a_document_a_task`). Each ratio comes by the clock, and by the CPU's
time, the engine's included, which other work on the machine changes less. Figures of an embedded
engine are never MongoDB's. Afterwards every row is read: a run that lost one is void.
"""

import gc
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from crowdloom.chassis.logs import configure_logging
from crowdloom.kernel import Clock, SystemClock, TimeOrderedIds
from crowdloom.kernel.ids import least_id
from crowdloom.kernel.limits import TASKS_PER_EVENT_MAX
from crowdloom_local.secrets import new_secrets
from flask.testing import FlaskClient
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.monitoring import CommandListener
from task_service.adapters.mongo_session import INDEXES
from task_service.adapters.mongo_tasks import INDEXES as TASK_INDEXES
from task_service.application.ports import Task
from task_service.bootstrap import build
from task_service.config import read_settings
from task_service.entrypoints.wsgi import create_web
from werkzeug.test import TestResponse

from bench.claims_engine import Engine, started

_V1 = "/api/tasks/v1"
DATABASE = "bench-creation"
_ROUNDS = 2
PER_TASK = 2
_ANSWERS_AT_ONCE = 20_000
_PACE = timedelta(seconds=0.2)


class VoidRun(RuntimeError):
    """Tasks or answers were lost, so that no figure of the run counts."""


def run() -> Mapping[str, object]:
    """Returns every figure. Raises VoidRun."""
    name = os.environ.get("ENGINE", "secantusdb")
    configure_logging(service="bench", process="creation", level="WARNING")
    figures: dict[str, object] = {"engine": name}
    with started(name) as engine, engine.client() as client:
        print(f"engine: {name}, of its own speed; not MongoDB's", flush=True)
        api = Api(engine)
        figures |= _creation(api, client, engine)
        figures |= _download(api, client)
    for key, value in figures.items():
        print(f"{key:<28} {value}", flush=True)
    return figures


class Api:
    """One requester before the service's own web application."""

    def __init__(
        self, engine: Engine, clock: Clock | None = None, *listeners: CommandListener
    ) -> None:
        settings = read_settings(
            {
                **new_secrets(),
                "CROWDLOOM_MONGODB_URI": engine.uri,
                "CROWDLOOM_KAFKA_BOOTSTRAP": "127.0.0.1:1",
            }
        )
        client = engine.client(*listeners)
        self.application = made = build(settings, client=client, database=DATABASE, clock=clock)
        made.store.migrate(INDEXES)
        self.tasks = made.reader.tasks
        self._web: FlaskClient = create_web(made).test_client(use_cookies=False)
        self._ids = TimeOrderedIds(SystemClock())
        self._headers: dict[str, str] = {}
        person = {"email": "bench@example.org", "password": "a long password", "name": "Bench"}
        token = self.post("/requesters", person)["token"]
        self._headers = {"Authorization": f"Bearer {token}"}

    def page(self, path: str) -> TestResponse:
        """As a signed-in browser asks for it."""
        headers = {**self._headers, "Accept": "text/html"}
        answer = self._web.get(path, headers=headers)
        if answer.status_code != 200:  # noqa: PLR2004 # a page
            raise VoidRun(f"{path}: {answer.status_code}")
        return answer

    def post(self, path: str, body: object) -> Any:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/x-ndjson" if isinstance(body, bytes) else "application/json"
        headers = {**self._headers, "Idempotency-Key": self._ids.new("request")}
        answer = self._web.post(_V1 + path, data=sent, content_type=kind, headers=headers)
        if answer.status_code >= 400:  # noqa: PLR2004 # a refusal
            raise VoidRun(answer.text)
        return answer.json

    def part(self, upload_id: str, offset: int, part: bytes) -> None:
        """Of a file that comes in parts."""
        path = f"{_V1}/uploads/{upload_id}?offset={offset}"
        answer = self._web.patch(path, data=part, headers=self._headers)
        if answer.status_code >= 400:  # noqa: PLR2004 # a refusal
            raise VoidRun(answer.text)

    def get(self, path: str) -> Any:
        return self._web.get(_V1 + path, headers=self._headers, buffered=False)

    def draft(self) -> str:
        project = {
            "title": "Bench",
            "description": "Bench",
            "template_html": "<p>${text}</p><input name=answer>",
        }
        project_id = self.post("/projects", project)["project_id"]
        terms = {"reward": {"amount_minor": 5, "currency": "USD"}, "redundancy": PER_TASK}
        return str(self.post(f"/projects/{project_id}/batches", terms)["batch_id"])


def _creation(api: Api, client: "MongoClient[dict[str, Any]]", engine: Engine) -> dict[str, object]:
    count = int(os.environ.get("TASKS", "50000"))
    part = int(os.environ.get("PART", "10000"))
    compared = min(count, int(os.environ.get("BARE", "20000")))
    bare = client[DATABASE]["bare_tasks"]
    bare.create_indexes(TASK_INDEXES["tasks"])
    ours, packed, single = Speed(engine), Speed(engine), Speed(engine)
    longest = 0.0
    made: list[Task] = []
    documents: list[dict[str, Any]] = []
    for _ in range(_ROUNDS):
        batch_id = api.draft()
        made.clear()
        documents.clear()
        gc.collect()  # what the bench read of the round before is none of the service's work
        for at in range(0, count, part):
            body = rows(at, min(at + part, count))
            with ours.taking(min(part, count - at)):
                api.post(f"/batches/{batch_id}/tasks?append=true", body)
            longest = max(longest, ours.last_seconds)
        made += _made(api, client, batch_id, count, kept=compared)
        _insert(bare, [_document(task) for task in made], single, compared)
        documents += client[DATABASE]["tasks"].find({"table_id": _table_of(client, batch_id)})
        _insert(bare, documents, packed, count)
    return {
        "tasks_per_second": ours.a_second,
        "bare_inserts_per_second": single.a_second,
        "packed_inserts_per_second": packed.a_second,
        "ratio_to_a_document_a_task": ours.beside(single),
        "ratio_to_the_same_documents": ours.beside(packed),
        "cpu_ratio_to_a_document_a_task": ours.beside(single, cpu=True),
        "cpu_ratio_to_the_same_documents": ours.beside(packed, cpu=True),
        "longest_request_seconds": round(longest, 2),
    }


class Speed:
    """Of one way to insert tasks: by the clock, and by the CPU's time, the engine's included."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.tasks, self.seconds, self.cpu_seconds = 0, 0.0, 0.0
        self.last_seconds = 0.0

    @contextmanager
    def taking(self, tasks: int) -> Iterator[None]:
        began, used = time.perf_counter(), self._used()
        yield
        self.last_seconds = time.perf_counter() - began
        self.seconds += self.last_seconds
        self.cpu_seconds += self._used() - used
        self.tasks += tasks

    @property
    def a_second(self) -> int:
        return round(self.tasks / self.seconds)

    def beside(self, other: "Speed", *, cpu: bool = False) -> float:
        """How many times as fast as the other."""
        ours, theirs = (
            (one.cpu_seconds if cpu else one.seconds) / one.tasks for one in (self, other)
        )
        return round(theirs / ours, 2)

    def _used(self) -> float:
        return time.process_time() + self._engine.cpu_seconds()


def _insert(
    bare: "Collection[dict[str, Any]]",
    documents: Sequence[dict[str, Any]],
    speed: Speed,
    tasks: int,
) -> None:
    bare.delete_many({})
    with speed.taking(tasks):
        for at in range(0, len(documents), TASKS_PER_EVENT_MAX):
            bare.insert_many(documents[at : at + TASKS_PER_EVENT_MAX], ordered=False)


def _document(task: Task) -> dict[str, Any]:
    """As whoever keeps a document a task would: the same cells, the same indexed fields."""
    return {
        "_id": task.task_id,
        "table_id": "rqt_bare",
        "chunk": f"rqt_bare:{task.number // TASKS_PER_EVENT_MAX}",
        "number": task.number,
        "cells": list(task.cells),
    }


def rows(start: int, end: int) -> bytes:
    """Made when they are sent: all of them together would be the memory that is looked at."""
    return "".join(
        json.dumps({"id": str(number), "text": f"Sentence number {number} of many."}) + "\n"
        for number in range(start, end)
    ).encode()


def _table_of(client: "MongoClient[dict[str, Any]]", batch_id: str) -> str:
    batch = client[DATABASE]["batches"].find_one({"_id": batch_id}) or {}
    return str(batch.get("table_id"))


def _made(
    api: Api, client: "MongoClient[dict[str, Any]]", batch_id: str, count: int, *, kept: int
) -> Sequence[Task]:
    """The first `kept` of the tasks that the API made. Every one is read. Raises VoidRun where they
    are not what was sent.
    """
    found, number = [], 0
    for number, task in enumerate(api.tasks.all(_table_of(client, batch_id)), start=1):
        if task.cells[0] != str(number - 1):
            raise VoidRun("the table is not what was sent")
        if number <= kept:
            found.append(task)
    if number != count:
        raise VoidRun(f"{number} of {count} tasks are there")
    return found


def answering_time(task_count: int) -> timedelta:
    """What `put_answers` says that the answers to so many tasks took."""
    return _PACE * (task_count * PER_TASK)


def put_answers(
    client: "MongoClient[dict[str, Any]]", batch_id: str, task_ids: Sequence[str]
) -> None:
    """Two to each task, of a thousand workers, five a second until now, straight into the
    collections.
    """
    submissions = client[DATABASE]["submissions"]
    batch = client[DATABASE]["batches"].find_one({"_id": batch_id}) or {}
    client[DATABASE]["answer_fields"].insert_one({"_id": batch_id, "names": ["answer"]})
    began = SystemClock().now() - answering_time(len(task_ids))
    for at in range(0, len(task_ids) * PER_TASK, _ANSWERS_AT_ONCE):
        numbers = range(at, min(at + _ANSWERS_AT_ONCE, len(task_ids) * PER_TASK))
        rows = [
            {
                "_id": f"{least_id('submission', began + _PACE * number)}{number:016d}",
                "assignment_id": f"asg_{batch_id[-6:]}{number:08d}",
                "task_id": task_ids[number // PER_TASK],
                "batch_id": batch_id,
                "requester_id": batch.get("requester_id"),
                "pseudonym": f"A{number % 1_000:05d}",
                "answer": [["answer", f"Answer {number % 3}"]],
                "status": "submitted",
                "claimed_at": began + _PACE * number - timedelta(seconds=20),
                "submitted_at": began + _PACE * number,
                "auto_accept_at": began + _PACE * number + timedelta(days=10),
            }
            for number in numbers
        ]
        submissions.insert_many(rows, ordered=False)


def _download(api: Api, client: "MongoClient[dict[str, Any]]") -> dict[str, object]:
    """Answers put in directly, in the adapter's shape; then the tidy file, as it is streamed."""
    count = int(os.environ.get("ANSWERS", "100000"))
    batch_id = api.draft()
    rows = "".join(json.dumps({"text": str(at)}) + "\n" for at in range(count // PER_TASK))
    api.post(f"/batches/{batch_id}/tasks", rows.encode())
    there = count // PER_TASK
    tasks = _made(api, client, batch_id, there, kept=there)
    put_answers(client, batch_id, [task.task_id for task in tasks])
    began = time.perf_counter()
    stream = api.get(f"/batches/{batch_id}/results?format=tidy").response
    pieces = iter(stream)
    next(pieces)
    first = time.perf_counter() - began
    lines = sum(1 for _ in pieces)
    if lines != count:
        raise VoidRun(f"{lines} of {count} answers were downloaded")
    return {
        "answers_downloaded": count,
        "first_byte_seconds": round(first, 2),
        "download_seconds": round(time.perf_counter() - began, 2),
    }
