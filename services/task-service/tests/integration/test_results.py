"""Results: byte for byte in JSON lines, safe for spreadsheets in CSV, streamed as files."""

import csv
import io
import json
from typing import Any

import pytest

FORMULA = '=HYPERLINK("http://evil.example";"x")'
ANSWERS = [
    [["answer", "yes"], ["note", FORMULA]],
    [["answer", "no"], ["tags", "a"], ["tags", "b"]],
    [["answer", "yes"], ["note", 'line\r\nbreak, "quoted" 🌧']],
]
TABLE = '=cmd,sentence\n-1,"It\nrained."\n@x,بارید\n'.encode()


@pytest.fixture
def batch(requester: Any, open_batch: Any, hand_out: Any) -> Any:
    """Three answers to the first task, none to the second; the second one is rejected."""
    batch = open_batch(requester, table=TABLE, redundancy=3)
    ids = [
        hand_out(requester, batch, assignment=number).submit(answer).json["submission_id"]
        for number, answer in enumerate(ANSWERS, start=1)
    ]
    requester.post(f"/submissions/{ids[1]}/reject", {"reason": "+1 wrong", "reopen": True})
    requester.post(f"/submissions/{ids[0]}/accept")
    return batch


def results(requester: Any, batch: Any, kind: str) -> Any:
    return requester.get(f"/batches/{batch['batch_id']}/results?format={kind}")


def rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.data.decode(), newline="")))


def test_json_lines_give_back_every_byte_of_input_and_answer(requester: Any, batch: Any) -> None:
    lines = [json.loads(line) for line in results(requester, batch, "jsonl").data.splitlines()]
    assert [line["answer"] for line in lines] == ANSWERS
    assert lines[0]["input"] == {"=cmd": "-1", "sentence": "It\nrained."}
    assert [line["status"] for line in lines] == ["accepted", "rejected", "submitted"]
    assert lines[1]["reason"] == "+1 wrong"
    assert {line["pseudonym"] for line in lines} == {"A7F3K9Q2MC41TM08D"}
    assert all(line["row"] == 1 for line in lines)


def test_tidy_rows_hold_columns_answers_and_what_became_of_them(requester: Any, batch: Any) -> None:
    found = rows(results(requester, batch, "tidy"))
    assert [row["answer.answer"] for row in found] == ["yes", "no", "yes"]
    assert found[1]["answer.tags"] == "a|b"
    assert found[0]["sentence"] == "It\nrained."
    assert found[2]["answer.note"] == ANSWERS[2][1][1]
    assert [row["status"] for row in found] == ["accepted", "rejected", "submitted"]


def test_no_cell_of_a_csv_runs_as_a_formula(requester: Any, batch: Any) -> None:
    for kind in ("tidy", "consensus"):
        text = results(requester, batch, kind).data.decode()
        for row in csv.reader(io.StringIO(text, newline="")):
            for cell in row:
                assert not cell.startswith(("=", "+", "@", "\t", "\r")), cell
                assert not cell.startswith("-") or cell == "-1", cell
    [head, *_] = csv.reader(io.StringIO(results(requester, batch, "tidy").data.decode()))
    assert head[0] == "'=cmd"
    assert rows(results(requester, batch, "tidy"))[0]["answer.note"] == "'" + FORMULA


def test_the_consensus_leaves_out_what_was_rejected(requester: Any, batch: Any) -> None:
    first, second = rows(results(requester, batch, "consensus"))
    assert first["consensus.answer"] == "yes"
    assert first["votes.answer"] == "2/2"
    assert first["answers"] == "2"
    assert second["sentence"] == "بارید"
    assert second["consensus.answer"] == ""
    assert second["answers"] == "0"


@pytest.mark.parametrize(
    ("kind", "media_type", "ending"),
    [
        ("tidy", "text/csv", "tidy.csv"),
        ("consensus", "text/csv", "consensus.csv"),
        ("jsonl", "application/jsonl", "jsonl.jsonl"),
    ],
)
def test_results_come_as_files_named_after_the_batch(
    requester: Any, batch: Any, kind: str, media_type: str, ending: str
) -> None:
    answer = results(requester, batch, kind)
    assert answer.mimetype == media_type
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith(f"attachment; filename={batch['batch_id']}-{ending}; ")
    assert disposition.endswith(f"''does-it-follow-{batch['batch_id']}-{ending}")
    assert answer.is_streamed


def test_a_title_of_another_script_names_the_file_too(requester: Any) -> None:
    batch = requester.batch(title='باران "/..\\\r\n; x')
    disposition = results(requester, batch, "tidy").headers["Content-Disposition"]
    assert "filename*=UTF-8''%D8%A8" in disposition
    assert not set("/\\\r\n") & set(disposition)


def test_results_of_a_batch_without_tasks_are_empty_files(requester: Any) -> None:
    batch = requester.batch()
    assert results(requester, batch, "jsonl").data == b""
    assert rows(results(requester, batch, "tidy")) == []


def test_an_unknown_format_is_refused(requester: Any, batch: Any) -> None:
    answer = results(requester, batch, "docx")
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_input")


def test_more_answers_than_a_page_holds_are_all_there(
    requester: Any, open_batch: Any, hand_out: Any
) -> None:
    batch = open_batch(requester, table=b"sentence\nOne.\n", redundancy=99)
    holders = [hand_out(requester, batch, assignment=number) for number in range(1, 204)]
    for number, holder in enumerate(holders):
        assert holder.submit([["answer", str(number)]]).status_code == 201
    found = rows(results(requester, batch, "tidy"))
    assert [row["answer.answer"] for row in found] == [str(number) for number in range(203)]


def test_a_download_that_broke_off_goes_on_and_begins_anew_when_answers_changed(
    requester: Any, batch: Any, clock: Any
) -> None:
    clock.advance(seconds=20)
    whole = results(requester, batch, "tidy")
    path = f"/api/tasks/v1/batches/{batch['batch_id']}/results?format=tidy"

    def rest(version: str) -> Any:
        headers = {**requester.headers, "Range": "bytes=40-", "If-Range": version}
        return requester.api.get(path, headers=headers, buffered=True)

    part = rest(whole.headers["ETag"])
    assert (part.status_code, part.data) == (206, whole.data[40:])
    assert part.headers["Content-Range"].endswith(f"/{len(whole.data)}")
    requester.post(f"/batches/{batch['batch_id']}/reviews", {"decisions": []})
    clock.advance(seconds=20)
    assert rest(whole.headers["ETag"]).status_code == 206, "time alone changes nothing"
    waiting = requester.get(f"/batches/{batch['batch_id']}/submissions?status=submitted").json
    requester.post(f"/submissions/{waiting['items'][0]['submission_id']}/accept")
    anew = rest(whole.headers["ETag"])
    assert anew.status_code == 200
    assert anew.data != whole.data
    beyond = {**requester.headers, "Range": "bytes=999999-"}
    assert requester.api.get(path, headers=beyond, buffered=True).status_code == 416


def test_fields_of_answers_from_before_they_were_noted_keep_their_columns(
    requester: Any, batch: Any, application: Any, hand_out: Any
) -> None:
    application.database["answer_fields"].delete_many({})
    late = hand_out(requester, batch, task=1, assignment=9)
    assert late.submit([["a later field", "x"]]).status_code == 201
    columns = results(requester, batch, "tidy").data.decode().splitlines()[0].split(",")
    answered = [name for name in columns if name.startswith("answer.")]
    assert answered == [f"answer.{name}" for name in ("a later field", "answer", "note", "tags")]
    assert rows(results(requester, batch, "tidy"))[-1]["answer.a later field"] == "x"
