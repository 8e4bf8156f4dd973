"""A requester's page asks for what it shows, however many tasks and answers there are."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from crowdloom.kernel import TimeOrderedIds
from crowdloom.kernel.ids import least_id
from crowdloom.testkit.commands import CommandCounter
from crowdloom.testkit.ports import FrozenClock
from flask import Flask
from pymongo import MongoClient
from task_service.adapters import mongo_submissions
from task_service.application import know_workers, show_figures
from task_service.application.review_submissions import Decision
from task_service.bootstrap import Application, build
from task_service.domain.batches import Batch
from task_service.domain.submissions import Submission, SubmissionStatus
from task_service.domain.tables import Table
from task_service.entrypoints.wsgi import create_web

FEW, MANY = 100, 5_000
ANSWERED = {FEW: 120, MANY: 240}
"""Answers, one a second: whole minutes, more than any sample, and all within the last hour."""
SAMPLE = 50


@pytest.fixture
def counter() -> CommandCounter:
    return CommandCounter()


@pytest.fixture
def timed(
    mongodb_uri: str,
    application: Application,
    counter: CommandCounter,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Application]:
    """The service with ids that tell the time, as in production: long lists are read by them. It
    reads anew at each visit what it may otherwise remember.
    """
    for remembers in (know_workers, show_figures):
        monkeypatch.setattr(remembers, "_KEPT_AGE_MAX", timedelta())
    client: MongoClient[dict[str, Any]] = MongoClient(
        mongodb_uri, tz_aware=True, event_listeners=[counter]
    )
    name = application.database.name
    ids = TimeOrderedIds(clock)
    yield build(application.settings, client=client, database=name, clock=clock, ids=ids)
    client.close()


def test_pages_ask_for_no_more_with_many_tasks_than_with_few(
    timed: Application,
    counter: CommandCounter,
    make: ModuleType,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mongo_submissions, "_SHORT_MAX", 0)  # both are long batches
    for sampled in (know_workers, show_figures):
        monkeypatch.setattr(sampled, "SAMPLE_MAX", SAMPLE)
    web = create_web(timed)
    asked = {}
    for count in (FEW, MANY):
        email = f"{count}@example.org"
        person = make.Requester.sign_up(web, email=email, name="Fir Research Group")
        draft, batch = (filled(timed, person, count) for _ in range(2))
        answer(timed, clock, batch, ANSWERED[count])
        asked[count] = costs(web, counter, person, addresses(batch, draft))
    assert asked[FEW] == asked[MANY]


def test_to_decide_about_many_answers_takes_as_many_commands_as_about_two(
    timed: Application, counter: CommandCounter, make: ModuleType, clock: FrozenClock
) -> None:
    person = make.Requester.sign_up(create_web(timed), email="e@example.org", name="Fir Group")
    batch = filled(timed, person, FEW)
    answer(timed, clock, batch, 40)
    waiting = timed.review.page(batch.batch_id)
    timed.reader.submissions.tally(batch.batch_id)  # counted once, and kept from then on

    def asked_for(decided: list[Submission]) -> Counter[str]:
        decisions = [Decision(one.submission_id, accept=True) for one in decided]
        with counter.counting() as asked:
            count = timed.review.decide_all(person.requester_id, batch.batch_id, decisions)
        assert count == len(decided)
        return asked.commands

    asked_for(waiting[:1])  # a process notes itself before its first transaction
    assert asked_for(waiting[1:3]) == asked_for(waiting[3:])


def filled(timed: Application, person: Any, count: int) -> Batch:
    """A draft of so many tasks."""
    batch = timed.batches.get(person.requester_id, person.batch()["batch_id"])
    rows = tuple((f"Sentence {number}.",) for number in range(count))
    return timed.batches.set_table(batch, Table(("sentence",), rows))


def answer(timed: Application, clock: FrozenClock, batch: Batch, count: int) -> None:
    """Open the batch and put answers into it, two to a task, the last of them now."""
    timed.database["batches"].update_one({"_id": batch.batch_id}, {"$set": {"status": "open"}})
    began = clock.now() + timedelta(seconds=1)
    tasks = timed.batches.tasks(batch, count_max=count)
    first = one_answer(batch, tasks[0].task_id, began)
    timed.reader.submissions.add(first)
    kept = timed.database["submissions"].find_one({"_id": first.submission_id}) or {}
    later = [
        {
            **kept,
            "_id": submission_id(at),
            "assignment_id": f"asg_{batch.batch_id}_{number}",
            "task_id": tasks[number // 2].task_id,
            "pseudonym": f"A{number % 20:05d}",
            "submitted_at": at,
        }
        for number in range(1, count)
        for at in [began + timedelta(seconds=number)]
    ]
    timed.database["submissions"].insert_many(later, ordered=False)
    clock.advance(seconds=count)


def one_answer(batch: Batch, task_id: Any, at: datetime) -> Submission:
    return Submission(
        submission_id=submission_id(at),
        assignment_id=f"asg_{batch.batch_id}_0",  # type: ignore[arg-type]
        task_id=task_id,
        batch_id=batch.batch_id,
        requester_id=batch.requester_id,
        pseudonym="A00000",  # type: ignore[arg-type]
        answer=(("answer", "yes"),),
        status=SubmissionStatus.SUBMITTED,
        claimed_at=at - timedelta(seconds=20),
        submitted_at=at,
        auto_accept_at=at + timedelta(days=3),
    )


def submission_id(at: datetime) -> Any:
    return least_id("submission", at) + "0" * 16


def addresses(batch: Batch, draft: Batch) -> Mapping[str, str]:
    page = f"/requester/batches/{batch.batch_id}"
    return {
        "projects": "/requester/projects",
        "project": f"/requester/projects/{batch.project_id}",
        "draft": f"/requester/batches/{draft.batch_id}",
        "tasks": f"/api/tasks/v1/batches/{batch.batch_id}/tasks",
        "batch": page,
        **{
            part: f"{page}/{part}"
            for part in ("progress", "review", "results", "answers", "figures", "known", "grow")
        },
        "workers": "/requester/workers",
    }


def costs(
    web: Flask, counter: CommandCounter, person: Any, pages: Mapping[str, str]
) -> dict[str, dict[str, int]]:
    """The commands and documents of each, when what is counted once was counted."""
    client = web.test_client(use_cookies=False)
    headers = {**person.headers, "Accept": "text/html"}
    found = {}
    for name, path in pages.items():
        assert client.get(path, headers=headers).status_code == 200, path
        with counter.counting() as asked:
            client.get(path, headers=headers)
        found[name] = {**asked.commands, "documents": asked.documents.total()}
    return found
