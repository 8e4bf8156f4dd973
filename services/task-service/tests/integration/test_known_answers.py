"""Rows whose answer the requester knows: by a column or by hand, scored, and like any other row to
whoever answers them.
"""

import csv
import io
from typing import Any

import pytest

TABLE = b"sentence,gold:answer\nIt rained.,yes|yeah\nThe sun shone.,\n"


def scored(outbox: Any) -> list[Any]:
    return [body for name, body in outbox() if name == "task.submission.scored.v1"]


def marks(outbox: Any) -> list[tuple[int, bool]]:
    """Of how many tasks it was said that their answer is known, or is not any more."""
    told = [body for name, body in outbox() if name == "task.tasks.marked.v1"]
    return [(len(one["task_ids"]), one["known"]) for one in told]


def put(requester: Any, path: str, key: object) -> Any:
    body = {"answer_key": key}
    return requester.api.put(f"/api/tasks/v1{path}", json=body, headers=requester.headers)


@pytest.fixture
def batch(requester: Any, open_batch: Any) -> Any:
    return open_batch(requester, table=TABLE)


def test_answers_to_known_rows_are_scored_and_no_worker_is_shown_which_they_are(
    requester: Any, batch: Any, hand_out: Any, outbox: Any, browser: Any, words: Any
) -> None:
    right, other, wrong = (
        hand_out(requester, batch, task=task, assignment=number)
        for number, task in enumerate((0, 1, 0), start=1)
    )
    assert right.load().json["input"] == {"sentence": "It rained."}
    receipt = right.submit([["answer", "Yeah "]]).json
    assert receipt.keys() == other.submit().json.keys()
    wrong.submit([["answer", "no"]])
    assert marks(outbox) == [(1, True)]
    told = scored(outbox)
    assert [(one["assignment_id"], one["right"]) for one in told] == [
        (right.assignment_id, True),
        (wrong.assignment_id, False),
    ]
    [worker] = requester.get("/workers").json["items"]
    assert (worker["known"], worker["known_right"]) == (2, 1)
    [row] = csv.DictReader(io.StringIO(browser.read("/requester/workers.csv")))
    assert (row["known"], row["known_right"]) == ("2", "1")
    assert "50% 1 of 2" in words(browser.read("/requester/workers?order=known"))
    answers = requester.get(f"/batches/{batch['batch_id']}/submissions").json["items"]
    assert [one["known_right"] for one in answers] == [True, None, False]
    address = f"/requester/batches/{batch['batch_id']}"
    assert "not as known" in browser.read(f"{address}/answers")
    assert "50% right: 1 of 2 answers" in words(browser.read(f"{address}/figures"))
    hit = words(browser.read(f"{address}/review/rule?test=known_wrong&field=&value="))
    assert "1 answer of 3 that wait" in hit


def test_a_row_is_marked_by_hand_and_by_the_api_until_the_batch_is_over(
    requester: Any, batch: Any, hand_out: Any, outbox: Any, browser: Any, words: Any
) -> None:
    address = f"/requester/batches/{batch['batch_id']}"
    page = browser.read(f"{address}/known?row=2")
    assert "Row 2 of 2 not known" in words(page)
    marked = browser.follow(f"{address}/known?row=2", **{"key:answer": "no", "key:strange": "x"})
    assert "Answers to it are scored from now on." in words(marked)
    assert "Row 2 of 2 known" in words(browser.read(f"{address}/known?row=2"))
    hand_out(requester, batch, task=1).submit([["answer", "no"]])
    assert [one["right"] for one in scored(outbox)] == [True]
    row = f"/batches/{batch['batch_id']}/tasks/{{}}/known-answer"
    first = requester.get(row.format(1)).json
    assert first == {"answer_key": {"answer": ["yes", "yeah"]}}
    for key, status in [({}, 200), ({"answer": "no"}, 200), ({"odd": "x"}, 422), ({"a": 1}, 422)]:
        assert put(requester, row.format(2), key).status_code == status, key
    assert marks(outbox) == [(1, True), (1, True), (1, False), (1, True)]
    long = {f"answer.{number}": ["x" * 2_000] * 50 for number in range(21)}
    told = put(requester, row.format(2), long)
    assert (told.status_code, list(told.json["errors"])) == (422, ["answer_key"])
    assert requester.get(row.format(3)).status_code == 404
    requester.post(f"/batches/{batch['batch_id']}/cancel")
    assert put(requester, row.format(2), {}).json["code"] == "wrong_batch_status"


def test_marks_stay_with_their_rows_in_a_pilot_and_a_copy_and_go_with_another_file(
    requester: Any, application: Any
) -> None:
    rows = "\n".join(f"Sentence {number}." for number in range(1, 13))
    draft = requester.batch_with_tasks(f"sentence\n{rows}\n".encode())
    row = f"/batches/{draft['batch_id']}/tasks/12/known-answer"
    known = {"answer_key": {"answer": ["no"]}}
    assert put(requester, row, known["answer_key"]).json == known
    copied = application.clone_batch(application.reader.batches.get(draft["batch_id"]))
    assert copied.has_known
    of_copy = row.replace(draft["batch_id"], copied.batch_id)
    assert requester.get(of_copy).json == known
    requester.post(f"/batches/{draft['batch_id']}/pilot")
    held_back = application.reader.known_answers.get(draft["batch_id"], 12)
    assert held_back == {"answer": ("no",)}
    requester.post_table(copied.batch_id, f"sentence\n{rows}\n".encode())
    assert requester.get(of_copy).json == {"answer_key": {}}
