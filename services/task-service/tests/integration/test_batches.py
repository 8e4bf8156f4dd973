"""The life of a batch, from draft to completed, by its API and the events it waits for."""

from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from crowdloom.testkit.ports import FrozenClock
from task_service.application.ports import Task
from task_service.bootstrap import Application
from task_service.domain.errors import WrongBatchStatus
from task_service.domain.tables import read_table

Deliver = Callable[..., None]
Outbox = Callable[[], list[tuple[str, Any]]]


def names(outbox: Outbox) -> list[str]:
    return [name.removeprefix("task.").removesuffix(".v1") for name, _ in outbox()]


def show(requester: Any, batch: Any) -> Any:
    return requester.get(f"/batches/{batch['batch_id']}").json


def step(requester: Any, batch: Any, name: str, body: Any = None) -> Any:
    return requester.post(f"/batches/{batch['batch_id']}/{name}", body)


def test_a_draft_says_its_terms_and_its_cost(requester: Any) -> None:
    batch = requester.batch_with_tasks()
    assert batch["status"] == "draft"
    assert batch["task_count"] == 2
    assert batch["columns"] == ["sentence"]
    assert batch["title"] == "Does it follow?"
    assert batch["reward"] == {"amount_minor": 5, "currency": "USD"}
    assert batch["fee"] == {"amount_minor": 1, "currency": "USD"}
    assert batch["cost"] == {"amount_minor": 24, "currency": "USD"}
    assert batch["declined"] is None


def test_a_fee_finer_than_a_cent_is_said_exactly(requester: Any) -> None:
    batch = requester.batch(reward={"amount_minor": 1, "currency": "USD"})
    assert batch["fee"] == {"amount_minor": 20, "scale": 4, "currency": "USD"}


def test_vat_is_in_the_price_of_a_draft_and_stays_as_it_was_published(
    requester: Any,
    application: Application,
    deliver: Deliver,
    outbox: Outbox,
    make: ModuleType,
    browser: Any,
    words: Any,
) -> None:
    batch = requester.batch_with_tasks()
    deliver(make.vat_set(requester, 1900))
    # 19 % of a fee of one cent, for two rows with two answers each.
    assert show(requester, batch)["vat"] == {"amount_minor": 19, "scale": 4, "currency": "USD"}
    assert show(requester, batch)["cost"]["amount_minor"] == 2_400 + 4 * 19
    step(requester, batch, "publish")
    assert outbox()[-1][1]["vat"]["amount_minor"] == 19
    deliver(make.vat_set(requester, 2000))
    assert show(requester, batch)["vat"]["amount_minor"] == 19
    deliver(make.declined(batch, requester, code="wrong_vat"))
    assert show(requester, batch)["vat"]["amount_minor"] == 20
    page = words(browser.read(f"/requester/batches/{batch['batch_id']}"))
    assert "VAT on the fee (20%)" in page
    assert "VAT on our fees changed" in page
    step(requester, batch, "publish")
    deliver(make.funded(batch, requester, revision=2))
    application.release_tasks()
    assert step(requester, batch, "extend", {"redundancy": 3}).status_code == 200
    assert outbox()[-1][1]["vat"]["amount_minor"] == 20


def test_publishing_asks_for_the_funds_once(requester: Any, outbox: Outbox) -> None:
    batch = requester.batch_with_tasks()
    assert step(requester, batch, "publish").json["status"] == "funding"
    assert step(requester, batch, "publish").json["status"] == "funding"
    [(name, body)] = outbox()
    assert name == "task.batch.funding_requested.v1"
    assert body["slot_count"] == 4
    assert body["revision"] == 1
    assert body["reward"] == {"amount_minor": 5, "currency": "USD"}


def test_a_funded_batch_opens_and_releases_its_tasks(
    requester: Any, open_batch: Any, outbox: Outbox
) -> None:
    batch = open_batch(requester)
    assert batch["status"] == "open"
    assert names(outbox) == ["batch.funding_requested", "batch.opened", "tasks.released"]
    opened, released = outbox()[1][1], outbox()[2][1]
    assert opened["requester_name"] == "Fir Research Group"
    assert opened["task_count"] == 2
    listed = requester.get(f"/batches/{batch['batch_id']}/tasks").json["items"]
    assert sorted(released["task_ids"]) == sorted(task["task_id"] for task in listed)


def test_funding_heard_of_twice_opens_once(
    requester: Any, open_batch: Any, deliver: Deliver, outbox: Outbox, make: ModuleType
) -> None:
    batch = open_batch(requester)
    deliver(make.funded(batch, requester))
    assert names(outbox).count("batch.opened") == 1


def test_funds_of_an_earlier_wish_do_not_open(
    requester: Any, deliver: Deliver, make: ModuleType
) -> None:
    batch = requester.batch_with_tasks()
    step(requester, batch, "publish")
    deliver(make.declined(batch, requester))
    step(requester, batch, "publish")
    deliver(make.funded(batch, requester, revision=1))
    assert show(requester, batch)["status"] == "funding"


def test_a_declined_batch_is_a_draft_again_and_says_what_is_missing(
    requester: Any, deliver: Deliver, make: ModuleType
) -> None:
    batch = requester.batch_with_tasks()
    step(requester, batch, "publish")
    deliver(make.declined(batch, requester))
    shown = show(requester, batch)
    assert shown["status"] == "draft"
    assert shown["declined"] == {
        "code": "insufficient_funds",
        "needed": {"amount_minor": 24, "currency": "USD"},
        "missing": {"amount_minor": 7, "currency": "USD"},
    }


def test_after_a_decline_it_can_be_published_again(
    requester: Any, deliver: Deliver, make: ModuleType, outbox: Outbox
) -> None:
    batch = requester.batch_with_tasks()
    step(requester, batch, "publish")
    deliver(make.declined(batch, requester))
    assert step(requester, batch, "publish").json["declined"] is None
    deliver(make.declined(batch, requester, revision=1))
    assert show(requester, batch)["status"] == "funding", "the old answer is about the old wish"
    assert [body["revision"] for _, body in outbox()] == [1, 2]


def test_tasks_are_released_in_chunks_that_a_stop_does_not_repeat(
    requester: Any, open_batch: Any, application: Application, outbox: Outbox
) -> None:
    rows = b"".join(b"sentence %d\n" % number for number in range(1_001))
    batch = open_batch(requester, table=b"sentence\n" + rows)
    released = [body for name, body in outbox() if name == "task.tasks.released.v1"]
    assert [len(body["task_ids"]) for body in released] == [500, 500, 1]
    assert [body["chunk"] for body in released] == [0, 1, 2]
    assert application.release_tasks() == 0
    assert len({task for body in released for task in body["task_ids"]}) == batch["task_count"]


def test_pause_and_resume(requester: Any, open_batch: Any, outbox: Outbox) -> None:
    batch = open_batch(requester)
    assert step(requester, batch, "pause").json["status"] == "paused"
    assert step(requester, batch, "pause").json["status"] == "paused"
    assert step(requester, batch, "resume").json["status"] == "open"
    assert names(outbox)[-2:] == ["batch.paused", "batch.resumed"]


def test_a_cancelled_batch_completes_when_its_slots_are_withdrawn(
    requester: Any,
    open_batch: Any,
    application: Application,
    deliver: Deliver,
    make: ModuleType,
    outbox: Outbox,
) -> None:
    batch = open_batch(requester)
    assert step(requester, batch, "cancel").json["status"] == "cancelled"
    deliver(make.withdrawn(batch, slots=3))
    assert application.complete_batches() == 0
    deliver(make.withdrawn(batch, slots=1, revision=2))
    assert application.complete_batches() == 1
    assert application.complete_batches() == 0
    assert show(requester, batch)["status"] == "completed"
    assert show(requester, batch)["counts"]["withdrawn"] == 4
    assert names(outbox)[-2:] == ["batch.cancelled", "batch.completed"]


def test_a_batch_cancelled_early_still_releases_all_so_that_all_can_be_withdrawn(
    requester: Any,
    application: Application,
    deliver: Deliver,
    make: ModuleType,
    outbox: Outbox,
) -> None:
    batch = requester.batch_with_tasks()
    step(requester, batch, "publish")
    deliver(make.funded(batch, requester))
    step(requester, batch, "cancel")
    assert application.release_tasks() == 1
    assert names(outbox)[-2:] == ["batch.cancelled", "tasks.released"]


def test_a_batch_completes_when_every_slot_is_accepted(
    requester: Any, open_batch: Any, hand_out: Any, application: Application
) -> None:
    batch = open_batch(requester, table=b"sentence\nOne.\n")
    for number in (1, 2):
        receipt = hand_out(requester, batch, assignment=number).submit().json
        assert application.complete_batches() == 0
        requester.post(f"/submissions/{receipt['submission_id']}/accept")
    assert application.complete_batches() == 1


def test_a_rejection_that_closes_its_slot_lets_the_batch_complete(
    requester: Any, open_batch: Any, hand_out: Any, application: Application
) -> None:
    batch = open_batch(requester, table=b"sentence\nOne.\n", redundancy=1)
    receipt = hand_out(requester, batch).submit().json
    path = f"/submissions/{receipt['submission_id']}/reject"
    assert requester.post(path, {"reason": "Empty.", "reopen": False}).status_code == 200
    assert application.complete_batches() == 1


def test_a_rejection_that_reopens_its_slot_keeps_the_batch_open(
    requester: Any, open_batch: Any, hand_out: Any, application: Application
) -> None:
    batch = open_batch(requester, table=b"sentence\nOne.\n", redundancy=1)
    receipt = hand_out(requester, batch).submit().json
    requester.post(f"/submissions/{receipt['submission_id']}/reject", {"reason": "Empty."})
    assert application.complete_batches() == 0


def test_the_newest_count_of_open_slots_wins(
    requester: Any, open_batch: Any, deliver: Deliver, make: ModuleType, clock: FrozenClock
) -> None:
    batch = open_batch(requester)
    assert batch["counts"]["open"] is None, "not known yet is not zero"
    earlier = clock.now()
    clock.advance(seconds=5)
    deliver(make.progressed(batch, open_slots=1, leased=2, at=clock.now()))
    deliver(make.progressed(batch, open_slots=4, leased=0, at=earlier))
    counts = show(requester, batch)["counts"]
    assert (counts["slots"], counts["open"], counts["leased"]) == (4, 1, 2)


@pytest.mark.parametrize("name", ["pause", "resume", "cancel"])
def test_a_draft_can_only_be_published(requester: Any, name: str, state: Any) -> None:
    batch = requester.batch_with_tasks()
    before = state()
    answer = step(requester, batch, name)
    assert (answer.status_code, answer.json["code"]) == (409, "wrong_batch_status")
    assert answer.json["status"] == 409
    assert state() == before


def test_a_batch_without_tasks_cannot_be_published(requester: Any, state: Any) -> None:
    batch = requester.batch()
    before = state()
    answer = step(requester, batch, "publish")
    assert (answer.status_code, answer.json["code"]) == (409, "batch_has_no_tasks")
    assert state() == before


def test_a_published_batch_takes_no_other_table(
    requester: Any, open_batch: Any, state: Any
) -> None:
    batch = open_batch(requester)
    before = state()
    answer = requester.post_table(batch["batch_id"], b"sentence\nAnother.\n")
    assert (answer.status_code, answer.json["code"]) == (409, "wrong_batch_status")
    assert state() == before


def test_a_second_table_takes_the_place_of_the_first(
    requester: Any, application: Application
) -> None:
    batch = requester.batch_with_tasks()
    again = requester.post_table(batch["batch_id"], b"sentence,note\nA,1\nB,2\nC,3\n").json
    assert again["task_count"] == 3
    assert again["columns"] == ["sentence", "note"]
    assert [row["count"] for row in application.database["tasks"].find()] == [3]


def test_a_table_that_comes_too_late_leaves_nothing_behind(
    requester: Any, application: Application
) -> None:
    """The batch is published between the look at it and the writing of its table."""
    shown = requester.batch_with_tasks()
    batch = application.batches.get(requester.requester_id, shown["batch_id"])
    step(requester, shown, "publish")
    table = read_table(b"sentence\nLate.\n")
    with pytest.raises(WrongBatchStatus):
        application.batches.set_table(batch, table)
    kept: list[Task] = application.batches.tasks(batch)
    assert [task.cells for task in kept] == [("It rained.",), ("The sun shone.",)]
    assert [row["count"] for row in application.database["tasks"].find()] == [2]


def test_lists_are_paged_newest_first(requester: Any) -> None:
    project_id = requester.project()["project_id"]
    made = [requester.batch(project_id)["batch_id"] for _ in range(3)]
    first = requester.get(f"/projects/{project_id}/batches?limit=2").json
    rest = requester.get(
        f"/projects/{project_id}/batches?limit=2&cursor={first['next_cursor']}"
    ).json
    found = [batch["batch_id"] for batch in first["items"] + rest["items"]]
    assert found == made[::-1]
    assert rest["next_cursor"] is None


def test_rows_are_added_after_those_there_are_and_released_with_them(
    requester: Any, application: Any, deliver: Any, make: Any, outbox: Outbox
) -> None:
    batch = requester.batch_with_tasks(b"sentence,n\nA,1\nB,2\n")
    path = f"/batches/{batch['batch_id']}/tasks?append=true"
    header = {"Content-Type": "text/csv"}
    refused = requester.post(path, data=b"sentence\nC\n", headers=header)
    assert refused.status_code == 422
    assert refused.json["faults"][0]["column"] == "n"
    stopped = application.batches.get(requester.requester_id, batch["batch_id"])
    application.reader.tasks.add(
        stopped.table_id, [("left", "behind")], after=2, first_chunk=stopped.chunk_count
    )
    grown = requester.post(path, data=b"n,sentence\n3,C\n4,D\n", headers=header)
    assert (grown.status_code, grown.json["task_count"]) == (201, 4)
    listed = requester.get(f"/batches/{batch['batch_id']}/tasks").json["items"]
    assert [task["input"]["sentence"] for task in listed] == ["A", "B", "C", "D"]
    requester.post(f"/batches/{batch['batch_id']}/publish")
    deliver(make.funded(grown.json, requester))
    while application.release_tasks():
        pass
    chunks = [body["task_ids"] for name, body in outbox() if "tasks.released" in name]
    assert [task["task_id"] for task in listed] == [one for ids in chunks for one in ids]
    late = requester.post(path, data=b"n,sentence\n5,E\n", headers=header)
    assert (late.json["task_count"], late.json["addition"]["task_count"]) == (4, 1)


def test_two_calls_cannot_add_rows_at_once(requester: Any, application: Any, clock: Any) -> None:
    made = requester.batch_with_tasks()
    batch = application.batches.get(requester.requester_id, made["batch_id"])
    now = clock.now()
    until = now + timedelta(minutes=10)
    assert application.reader.batches.begin_adding(batch, "other", now=now, until=until)
    path = f"/batches/{made['batch_id']}/tasks?append=true"
    header = {"Content-Type": "text/csv"}
    assert requester.post(path, data=b"sentence\nC\n", headers=header).status_code == 409
    clock.advance(seconds=660)
    assert requester.post(path, data=b"sentence\nC\n", headers=header).status_code == 201
    assert not application.reader.batches.end_adding(batch, "other", 1)


def test_whom_a_batch_is_for_is_said_when_it_opens_and_comes_with_its_clone(
    requester: Any, open_batch: Any, outbox: Outbox, application: Application
) -> None:
    asked = {
        "all_of": [{"qualification": "reliable", "comparator": "at_least", "score": 80}],
        "any_of": [{"qualification": "trees"}],
        "none_of": [{"qualification": "novice"}],
        "languages": ["fi"],
        "excluded": ["A7F3K9Q2MC41TM08D"],
        "answers_per_worker_max": 5,
    }
    batch = open_batch(requester, requirements=asked, wanted_seconds=7_200)
    [opened] = [body for name, body in outbox() if name == "task.batch.opened.v1"]
    assert opened["qualifications"] == ["reliable", "trees"]
    assert opened["wanted_at"] == "2026-11-01T14:00:00.000Z"
    said = opened["requirements"]
    assert {name: said[name] for name in asked if name not in ("any_of", "none_of")} == {
        name: value for name, value in asked.items() if name not in ("any_of", "none_of")
    }
    assert show(requester, batch)["requirements"]["answers_per_worker_max"] == 5
    kept = application.batches.get(requester.requester_id, batch["batch_id"])
    clone = application.clone_batch(kept)
    assert clone.requirements == kept.requirements
    assert clone.terms.wanted_seconds == show(requester, batch)["wanted_seconds"] == 7_200


def test_requirements_that_cannot_be_are_refused_by_name(requester: Any) -> None:
    unscored = {"all_of": [{"qualification": "trees", "comparator": "at_most"}]}
    both = {"only": ["A1"], "excluded": ["A1"], "answers_per_worker_max": 0}
    project = requester.project()
    for asked, count in ((unscored, 1), (both, 2)):
        body = {"reward": {"amount_minor": 5, "currency": "USD"}, "requirements": asked}
        answer = requester.post(f"/projects/{project['project_id']}/batches", body)
        assert answer.status_code == 422
        assert len(answer.json["errors"]["requirements"]) == count
