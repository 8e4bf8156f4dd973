"""More of a published batch: nothing changes for workers before its cost is reserved."""

from types import ModuleType
from typing import Any

import pytest
from task_service.bootstrap import Application

USD_7 = {"amount_minor": 7, "currency": "USD"}
MORE = b"sentence\nIt snows.\nIt hails.\nIt clears up.\n"


def show(requester: Any, batch: Any) -> Any:
    return requester.get(f"/batches/{batch['batch_id']}").json


def append(requester: Any, batch: Any) -> Any:
    path = f"/batches/{batch['batch_id']}/tasks?append=true"
    return requester.post(path, data=MORE, headers={"Content-Type": "text/csv"})


def events(outbox: Any, name: str) -> list[Any]:
    return [body for event, body in outbox() if event == f"task.{name}.v1"]


def let_join(application: Application) -> None:
    application.join_additions()
    while application.release_tasks():
        pass


def test_rows_answers_and_reward_join_once_they_are_funded(
    requester: Any,
    open_batch: Any,
    hand_out: Any,
    deliver: Any,
    application: Application,
    outbox: Any,
    make: ModuleType,
) -> None:
    batch = open_batch(requester, redundancy=2)
    address = f"/batches/{batch['batch_id']}"
    hand_out(requester, batch).submit()
    submission = requester.get(f"{address}/submissions").json["items"][0]
    requester.post(f"/submissions/{submission['submission_id']}/accept")
    for _ in range(2):
        added = append(requester, batch)
    assert added.json["addition"]["task_count"] == 6
    assert (added.json["task_count"], added.json["addition"]["status"]) == (2, "draft")
    asked = requester.post(f"{address}/raise", {"reward": USD_7})
    assert asked.json["addition"]["status"] == "asked"
    assert (asked.json["reward"]["amount_minor"], asked.json["status"]) == (5, "open")
    request = events(outbox, "batch.funding_requested")[-1]
    assert (request["revision"], request["slot_count"], request["reward"]) == (2, 16, USD_7)
    busy = requester.post(f"{address}/extend", {"redundancy": 3})
    assert (busy.status_code, busy.json["code"]) == (409, "addition_under_way")
    deliver(make.declined(batch, requester, revision=2))
    declined = show(requester, batch)["addition"]
    assert (declined["status"], declined["declined"]["code"]) == ("draft", "insufficient_funds")
    let_join(application)
    assert show(requester, batch)["task_count"] == 2
    requester.post(f"{address}/extend", {"redundancy": 3})
    deliver(make.funded(batch, requester, revision=3))
    deliver(make.funded(batch, requester, revision=3))
    let_join(application)
    grown = show(requester, batch)
    assert (grown["task_count"], grown["redundancy"], grown["addition"]) == (8, 3, None)
    assert grown["reward"]["amount_minor"] == 5, "a raise that was declined is not asked again"
    (told,) = events(outbox, "batch.grown")
    assert (told["task_count"], told["redundancy"], told["revision"]) == (8, 3, 3)
    released = events(outbox, "tasks.released")
    assert [(each["chunk"], each.get("added_redundancy")) for each in released] == [
        (0, None),
        (0, 1),
        (1, None),
    ]
    listed = requester.get(f"{address}/tasks?limit=200").json["items"]
    assert [task["number"] for task in listed] == list(range(1, 9))
    assert {task["task_id"] for task in listed[2:]} == set(released[-1]["task_ids"])


def test_a_raise_counts_what_was_accepted_before_at_its_own_price(
    requester: Any,
    open_batch: Any,
    hand_out: Any,
    deliver: Any,
    application: Application,
    make: ModuleType,
) -> None:
    batch = open_batch(requester, redundancy=1)
    address = f"/batches/{batch['batch_id']}"
    hand_out(requester, batch).submit()
    submission = requester.get(f"{address}/submissions").json["items"][0]
    requester.post(f"/submissions/{submission['submission_id']}/accept")
    for less in ({"amount_minor": 4, "currency": "USD"}, {"amount_minor": 5, "currency": "USD"}):
        refused = requester.post(f"{address}/raise", {"reward": less})
        assert (refused.status_code, refused.json["code"]) == (409, "nothing_to_add")
    euro = requester.post(f"{address}/raise", {"reward": {"amount_minor": 9, "currency": "EUR"}})
    assert euro.json["code"] == "wrong_currency"
    requester.post(f"{address}/raise", {"reward": {"amount_minor": 10, "currency": "USD"}})
    hand_out(requester, batch, task=1, assignment=2).submit()
    other = requester.get(f"{address}/submissions?status=submitted").json["items"][0]
    requester.post(f"/submissions/{other['submission_id']}/accept")
    application.complete_batches()
    assert show(requester, batch)["status"] == "open", "it waits for what was asked"
    deliver(make.funded(batch, requester, revision=2))
    let_join(application)
    grown = show(requester, batch)
    assert grown["reward"]["amount_minor"] == 10
    assert grown["cost"]["amount_minor"] == 12
    application.complete_batches()
    over = show(requester, batch)
    assert over["status"] == "completed"
    late = append(requester, batch)
    assert late.json["code"] == "wrong_batch_status"


def test_the_page_adds_rows_shows_the_cost_and_says_what_is_missing(
    requester: Any,
    browser: Any,
    open_batch: Any,
    deliver: Any,
    application: Application,
    make: ModuleType,
    words: Any,
) -> None:
    batch = open_batch(requester, redundancy=2)
    page = f"/requester/batches/{batch['batch_id']}"
    assert f"{page}/grow" in browser.read(page)
    faulty = browser.sent(f"{page}/grow/rows", 422, table=b"other\nx\n")
    assert "the template needs this column" in faulty.lower() or "sentence" in faulty
    waiting = words(browser.follow(f"{page}/grow/rows", table=MORE))
    assert "3 rows wait to be added." in waiting
    assert "As it stands, $0.36 more is reserved" in waiting
    dearer = words(browser.read(f"{page}/grow?redundancy=2&reward=0.10"))
    assert "As it stands, $0.96 more is reserved" in dearer
    assert "Nothing can be made less" in browser.sent(
        f"{page}/grow", 409, redundancy="1", reward="0.05"
    )
    assert "Growing" in browser.follow(f"{page}/grow", redundancy="2", reward="0.10")
    deliver(make.declined(batch, requester, revision=2))
    told = words(browser.read(page))
    assert "Not enough funds for more" in told
    assert "/pay/wallet?missing=" in browser.read(page)
    dropped = browser.follow(f"{page}/grow/drop")
    assert "The batch stays as it is." in dropped
    assert [row["count"] for row in application.database["tasks"].find()] == [2]


@pytest.mark.parametrize("after", ["cancel", "pause"])
def test_what_was_asked_joins_a_batch_that_was_paused_or_cancelled_meanwhile(
    requester: Any,
    open_batch: Any,
    deliver: Any,
    application: Application,
    outbox: Any,
    make: ModuleType,
    after: str,
) -> None:
    batch = open_batch(requester, redundancy=1)
    append(requester, batch)
    requester.post(f"/batches/{batch['batch_id']}/extend")
    requester.post(f"/batches/{batch['batch_id']}/{after}")
    deliver(make.funded(batch, requester, revision=2))
    let_join(application)
    assert show(requester, batch)["task_count"] == 5
    assert len(events(outbox, "tasks.released")[-1]["task_ids"]) == 3, "they can be withdrawn"


def test_rows_cannot_follow_the_pieces_of_one_file(
    requester: Any, browser: Any, deliver: Any, make: ModuleType, application: Application
) -> None:
    draft = requester.batch()
    sent = {"Content-Type": "application/octet-stream"}
    source = f"/batches/{draft['batch_id']}/source?by=paragraph"
    batch = requester.post(source, data=b"One.\n\nTwo.\n", headers=sent).json
    assert append(requester, batch).json["code"] == "rows_are_split"
    requester.post(f"/batches/{batch['batch_id']}/publish")
    deliver(make.funded(batch, requester))
    let_join(application)
    assert append(requester, batch).json["code"] == "rows_are_split"
    page = f"/requester/batches/{batch['batch_id']}"
    assert "the pieces of one file" in browser.follow(f"{page}/grow/rows", table=MORE)


def test_a_table_that_got_more_rows_comes_back_with_all_of_them(requester: Any) -> None:
    draft = requester.batch()
    sent = {"Content-Type": "application/octet-stream"}
    source = f"/batches/{draft['batch_id']}/source?by=rows&name=t.csv"
    batch = requester.post(source, data=b"sentence\nOne.\n", headers=sent).json
    assert append(requester, batch).status_code == 201
    whole = requester.get(f"/batches/{batch['batch_id']}/results?format=input").text
    assert len(whole.splitlines()) == 5
