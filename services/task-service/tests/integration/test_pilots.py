"""A pilot: ten rows go out alone, and the rest joins the same batch when it is asked for."""

from typing import Any

TABLE = ("sentence\n" + "".join(f"Row {n}.\n" for n in range(1, 13))).encode()


def test_ten_rows_go_out_and_the_rest_joins_when_their_answers_were_looked_at(
    requester: Any,
    browser: Any,
    application: Any,
    deliver: Any,
    make: Any,
    hand_out: Any,
    words: Any,
) -> None:
    batch = requester.batch_with_tasks(TABLE, redundancy=1)
    page = f"/requester/batches/{batch['batch_id']}"
    assert "Pilot of ten for $0.60" in words(browser.read(page))
    assert "The first 10 rows go out." in words(browser.follow(f"{page}/pilot"))
    deliver(make.funded({**batch, "cost": requester.get(path(batch)).json["cost"]}, requester))
    let_release(application)
    assert requester.get(path(batch)).json["task_count"] == 10
    assert "2 rows are not part of the batch yet." in words(browser.read(page))
    for number in range(10):
        holder = hand_out(requester, batch_now(requester, batch), task=number, assignment=number)
        submission = holder.submit().json["submission_id"]
        requester.post(f"/submissions/{submission}/accept")
    looked_at = words(browser.read(f"{page}/grow"))
    assert "The pilot so far 10 of 10 answers are there." in looked_at
    assert "Row 10." in looked_at
    application.complete_batches()
    assert requester.get(path(batch)).json["status"] == "open", "two rows still wait"
    assert requester.post(f"{path(batch)}/extend").status_code == 200
    deliver(make.funded(batch, requester, revision=2))
    application.join_additions()
    let_release(application)
    rows = requester.get(f"{path(batch)}/tasks?limit=50").json["items"]
    assert [row["input"]["sentence"] for row in rows] == [f"Row {n}." for n in range(1, 13)]
    assert requester.get(path(batch)).json["task_count"] == 12


def test_a_pilot_that_could_not_be_paid_is_tried_again_or_given_another_file(
    requester: Any, browser: Any, deliver: Any, make: Any, words: Any, application: Any
) -> None:
    batch = requester.batch_with_tasks(TABLE)
    requester.post(f"{path(batch)}/pilot")
    deliver(make.declined(batch, requester))
    page = f"/requester/batches/{batch['batch_id']}"
    assert "2 more rows wait for it." in words(browser.read(page))
    assert requester.post(f"{path(batch)}/pilot").json["status"] == "funding"
    deliver(make.declined(batch, requester, revision=2))
    assert requester.post_table(batch["batch_id"], TABLE).json["task_count"] == 12
    assert [row["count"] for row in application.database["tasks"].find()] == [12]
    small = requester.batch_with_tasks()
    refused = requester.post(f"{path(small)}/pilot")
    assert (refused.status_code, refused.json["code"]) == (409, "batch_has_no_tasks")


def test_rows_that_a_stopped_pilot_left_in_their_old_place_are_gone_before_it_is_published(
    requester: Any, application: Any
) -> None:
    batch = requester.batch_with_tasks(TABLE)
    kept = application.batches.get(requester.requester_id, batch["batch_id"])
    application.reader.tasks.add(kept.table_id, [("left behind",)], after=12, first_chunk=1)
    requester.post(f"{path(batch)}/publish")
    numbers = [task.number for task in application.reader.tasks.all(kept.table_id)]
    assert numbers == list(range(1, 13))


def path(batch: Any) -> str:
    return f"/batches/{batch['batch_id']}"


def batch_now(requester: Any, batch: Any) -> Any:
    return requester.get(path(batch)).json


def let_release(application: Any) -> None:
    while application.release_tasks():
        pass
