"""Decisions by a file: exactly those that are marked in it, or none."""

import csv
import io
import random
from typing import Any

import pytest
from openpyxl import Workbook

NO = "Blank answer"
Row = dict[str, str]


@pytest.fixture
def batch(requester: Any, open_batch: Any, hand_out: Any) -> Any:
    """Eight answers that wait, of two tasks."""
    batch = open_batch(requester, redundancy=4)
    for number in range(8):
        hand_out(requester, batch, task=number % 2, assignment=number + 1).submit()
    return batch


def download(requester: Any, batch: Any, kind: str = "mturk") -> list[Row]:
    text = requester.get(f"/batches/{batch['batch_id']}/results?format={kind}").data.decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def written(rows: list[Row], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def upload(who: Any, batch: Any, content: bytes, *, query: str = "", key: Any = None) -> Any:
    path = f"/batches/{batch['batch_id']}/reviews/file{query}"
    return who.post(path, data=content, headers={"Content-Type": "text/csv"}, key=key)


def states(requester: Any, batch: Any) -> list[tuple[str, str]]:
    return [(row["status"], row["reason"]) for row in download(requester, batch, "tidy")]


@pytest.mark.parametrize("seed", range(4))
def test_a_file_marked_at_random_gives_exactly_those_decisions(
    requester: Any, batch: Any, seed: int
) -> None:
    chance = random.Random(seed)
    rows = download(requester, batch)
    wanted = []
    for number, row in enumerate(rows):
        choice = chance.choice(["accept", "reject", "leave"])
        reason = f"=SUM({number}) 'no', \"nein\"\nنه"
        row["Approve"] = chance.choice("xX") if choice == "accept" else ""
        row["Reject"] = reason if choice == "reject" else ""
        status = {"accept": "accepted", "reject": "rejected", "leave": "submitted"}[choice]
        wanted.append((status, "'" + reason if choice == "reject" else ""))
    chance.shuffle(rows)
    before = states(requester, batch)
    told = upload(requester, batch, written(rows), query="?dry=true").json
    assert states(requester, batch) == before
    assert upload(requester, batch, written(rows)).json == {**told, "dry": False}
    assert states(requester, batch) == wanted
    again = upload(requester, batch, written(download(requester, batch))).json
    assert [again[name] for name in ("accepted", "rejected", "overturned", "fault_count")] == [
        0
    ] * 4
    assert states(requester, batch) == wanted


def test_an_x_with_an_emptied_reason_overturns_a_rejection(requester: Any, batch: Any) -> None:
    rows = download(requester, batch)
    rows[0]["Reject"] = NO
    upload(requester, batch, written(rows))
    rows = download(requester, batch)
    assert rows[0]["Reject"] == NO
    rows[0]["Approve"] = "x"
    both = upload(requester, batch, written(rows))
    assert (both.status_code, both.json["faults"][0]["column"]) == (422, "Approve")
    rows[0]["Reject"] = ""
    assert upload(requester, batch, written(rows)).json["overturned"] == 1
    assert states(requester, batch)[0] == ("accepted", NO)


def test_one_faulty_row_and_nothing_is_decided(requester: Any, batch: Any) -> None:
    rows = download(requester, batch)
    rows[0]["Approve"] = "x"
    rows[1] |= {"Approve": "x", "Reject": NO}
    rows[2]["Approve"] = "yes"
    rows[3] |= {"AssignmentId": "ASG777", "Approve": "x"}
    rows[4]["Reject"] = "n" * 1_025
    rows.append({**rows[0], "Reject": NO, "Approve": ""})
    before = states(requester, batch)
    dry = upload(requester, batch, written(rows), query="?dry=true").json
    assert [fault["line"] for fault in dry["faults"]] == [3, 4, 5, 6, 10]
    refused = upload(requester, batch, written(rows))
    assert (refused.status_code, refused.json["code"]) == (422, "faulty_rows")
    assert refused.json["faults"] == dry["faults"]
    assert states(requester, batch) == before


def test_what_was_accepted_is_not_rejected(requester: Any, batch: Any) -> None:
    rows = download(requester, batch)
    rows[0]["Approve"] = "x"
    upload(requester, batch, written(rows))
    rows[0] |= {"Approve": "", "Reject": NO}
    [fault] = upload(requester, batch, written(rows)).json["faults"]
    assert (fault["line"], fault["reason"]) == (2, "it was accepted before")


def test_the_tidy_form_and_a_sheet_decide_as_well(requester: Any, batch: Any) -> None:
    rows = download(requester, batch, "tidy")
    marks = [("accept", ""), ("reject", NO), ("", "")]
    for row, (decision, reason) in zip(rows, marks, strict=False):
        row |= {"decision": decision, "reason": reason}
    for row in rows[3:]:
        row["decision"] = ""
    told = upload(requester, batch, written(rows, delimiter=";")).json
    assert (told["accepted"], told["rejected"], told["unmarked"]) == (1, 1, 6)
    book = Workbook()
    theirs = download(requester, batch)
    theirs[2]["Approve"] = "x"
    for line in ([*theirs[0]], *([*row.values()] for row in theirs)):
        book.active.append(line)
    saved = io.BytesIO()
    book.save(saved)
    assert upload(requester, batch, saved.getvalue()).json["accepted"] == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a,b\n1,2\n",
        b"%PDF-1.7",
        b'AssignmentId,"Approve',
        b"AssignmentId,Approve,Reject,Approve\nASG1,x,,\n",
    ],
)
def test_a_file_of_another_kind_is_refused(requester: Any, batch: Any, content: bytes) -> None:
    answer = upload(requester, batch, content)
    assert (answer.status_code, answer.json["code"]) == (422, "faulty_rows")


def test_a_first_line_that_tells_excel_the_delimiter_is_no_header(
    requester: Any, batch: Any
) -> None:
    rows = download(requester, batch)
    rows[0]["Approve"] = "x"
    told = upload(requester, batch, b"sep=;\r\n" + written(rows, delimiter=";")).json
    assert (told["accepted"], told["fault_count"]) == (1, 0)
    rows[1]["AssignmentId"] = "asg_none"
    rows[1]["Approve"] = "x"
    told = upload(requester, batch, b"sep=;\r\n" + written(rows, delimiter=";")).json
    assert [fault["line"] for fault in told["faults"]] == [4]


def test_a_repeated_call_and_a_stranger_change_nothing(
    requester: Any, stranger: Any, batch: Any, outbox: Any
) -> None:
    rows = download(requester, batch)
    rows[0]["Approve"] = "x"
    assert upload(stranger, batch, written(rows)).status_code == 404
    first = upload(requester, batch, written(rows), key="once").json
    assert upload(requester, batch, written(rows), key="once").json == first
    assert [name for name, _ in outbox()].count("task.submission.accepted.v1") == 1
