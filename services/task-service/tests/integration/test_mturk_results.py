"""The results file in Mechanical Turk's form: its header, its formats, and nothing that runs."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

THEIRS = Path(__file__).parents[1] / "data" / "mturk_results.csv"
DAY = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
INSTANT = re.compile(DAY + r" [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d P[SD]T \d{4}")
TEMPLATE = '<p>${text}</p><input name="sentiment.label">'
FORMATS = {
    "HITId": r"[A-Z0-9]+",
    "HITTypeId": r"[A-Z0-9]+",
    "Reward": r"\$\d+\.\d\d",
    "CreationTime": INSTANT.pattern,
    "MaxAssignments": r"\d+",
    "RequesterAnnotation": r"BatchId:[A-Z0-9]+;OriginalHitTemplateId:[A-Z0-9]+;",
    "AssignmentDurationInSeconds": r"\d+",
    "AutoApprovalDelayInSeconds": r"\d+",
    "AssignmentId": r"[A-Z0-9]+",
    "WorkerId": r"A[A-Z0-9]+",
    "AssignmentStatus": "Submitted|Approved|Rejected",
    "AcceptTime": INSTANT.pattern,
    "SubmitTime": INSTANT.pattern,
    "AutoApprovalTime": INSTANT.pattern,
    "ApprovalTime": f"({INSTANT.pattern})?",
    "RejectionTime": f"({INSTANT.pattern})?",
    "WorkTimeInSeconds": r"\d+",
    "LifetimeApprovalRate": r"\d+% \(\d+/\d+\)",
    "Last30DaysApprovalRate": r"\d+% \(\d+/\d+\)",
    "Last7DaysApprovalRate": r"\d+% \(\d+/\d+\)",
}
TABLE = b'text\n"Great ""quoted"" text, with comma\nand newline"\n"\'=1+1"\n=2+2\n'


def project(requester: Any) -> str:
    made: str = requester.project(template_html=TEMPLATE)["project_id"]
    return made


@pytest.fixture
def batch(requester: Any, open_batch: Any, hand_out: Any) -> Any:
    """Five answers: accepted, rejected, waiting, sent back, and one that a sheet would run."""
    batch = open_batch(requester, table=TABLE, redundancy=4, project_id=project(requester))
    answers = [[["sentiment.label", label]] for label in ("Neutral", "", "Bad", "Odd", "=1")]
    places = (0, 0, 0, 1, 2)
    ids = [
        hand_out(requester, batch, task=task, assignment=number).submit(answer).json
        for number, (task, answer) in enumerate(zip(places, answers, strict=True), start=1)
    ]
    accepted, rejected, _, back, _ = [one["submission_id"] for one in ids]
    requester.post(f"/submissions/{accepted}/accept")
    requester.post(f"/submissions/{rejected}/reject", {"reason": "Blank answer", "reopen": True})
    requester.post(f"/submissions/{back}/return", {"note": "Once more."})
    return batch


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def download(requester: Any, batch: Any) -> str:
    answer = requester.get(f"/batches/{batch['batch_id']}/results?format=mturk")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert answer.is_streamed
    return str(answer.data.decode())


def test_the_header_is_theirs_to_the_byte(requester: Any, batch: Any) -> None:
    assert download(requester, batch).split("\n")[0] == THEIRS.read_text().split("\n")[0]


def test_cells_are_written_as_theirs_are(requester: Any, batch: Any) -> None:
    theirs, ours = read(THEIRS.read_text()), read(download(requester, batch))
    for rows in (theirs, ours):
        for row in rows:
            for name, pattern in FORMATS.items():
                assert re.fullmatch(pattern, row[name]), (name, row[name])
    assert ours[0]["Input.text"] == theirs[0]["Input.text"]
    assert ours[0]["Reward"] == "$0.05"
    text = download(requester, batch)
    assert all(line.startswith('"') for line in text.splitlines() if not line.startswith("and"))


def test_what_is_decided_is_marked_and_what_was_sent_back_is_no_answer(
    requester: Any, batch: Any
) -> None:
    rows = read(download(requester, batch))
    shown = [(row["AssignmentStatus"], row["Approve"], row["Reject"]) for row in rows]
    assert shown == [
        ("Approved", "x", ""),
        ("Rejected", "", "Blank answer"),
        ("Submitted", "", ""),
        ("Submitted", "", ""),
    ]
    assert rows[0]["ApprovalTime"]
    assert rows[1]["RejectionTime"]
    assert {row["LifetimeApprovalRate"] for row in rows} == {"50% (1/2)"}


def test_no_cell_runs_and_the_apostrophe_can_be_taken_off_again(
    requester: Any, open_batch: Any, hand_out: Any
) -> None:
    cells = ["=2+2", "'=2+2", "''=2+2", "-1", "it's", "'quoted'", "@x"]
    table = "\n".join(["text", *cells, ""]).encode()
    batch = open_batch(requester, table=table, redundancy=1, project_id=project(requester))
    for number, cell in enumerate(cells):
        holder = hand_out(requester, batch, task=number, assignment=number + 1)
        holder.submit([["label", cell]])
    rows = read(download(requester, batch))
    for row, cell in zip(rows, cells, strict=True):
        assert row["Input.text"] == row["Answer.label"]
        assert not re.match(r"[=+@\t\r]", row["Answer.label"])
        assert re.sub(r"^'(?='*[=+\-@\t\r])", "", row["Answer.label"]) == cell


def test_a_workbook_holds_the_tidy_form_as_texts(requester: Any, batch: Any) -> None:
    answer = requester.get(f"/batches/{batch['batch_id']}/results?format=xlsx")
    sheet = load_workbook(io.BytesIO(answer.data)).worksheets[0]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][:3] == ["text", "answer.sentiment.label", "task_id"]
    assert rows[5][:2] == ["=2+2", "=1"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} >= {"s"}
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


def test_the_table_comes_back_with_answers_and_a_dictionary_beside_it(
    requester: Any, batch: Any
) -> None:
    path = f"/batches/{batch['batch_id']}/results?format="
    found = read(requester.get(f"{path}input").data.decode())
    assert [row["crowdloom.status"] for row in found] == ["contested", "missing", ""]
    assert found[2]["answer.sentiment.label"] == "'=1"
    told = requester.get(f"{path}dictionary").json
    tidy = requester.get(f"{path}tidy").data.decode()
    assert [column["name"] for column in told["columns"]] == next(csv.reader([tidy.split("\r")[0]]))
    assert told["columns"][1]["values"]["Neutral"] == 1
