"""Bad input: a problem with a stable code, and nothing changed."""

from typing import Any

import pytest
from flask.testing import FlaskClient

FIVE_CENTS = {"amount_minor": 5, "currency": "USD"}


def code(answer: Any) -> tuple[int, str]:
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == answer.status_code
    return answer.status_code, answer.json["code"]


def faults(answer: Any) -> list[tuple[int, str | None, str]]:
    return [(one["line"], one["column"], one["reason"]) for one in answer.json["faults"]]


@pytest.fixture
def draft(requester: Any) -> str:
    """The id of a draft whose template needs the column `sentence`."""
    batch_id: str = requester.batch()["batch_id"]
    return batch_id


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (b"", [(1, None, "the file is empty: its first line names the columns")]),
        (b"\xef\xbb\xbf", [(1, None, "the file is empty: its first line names the columns")]),
        (b"sentence\n", [(1, None, "there is a header and no row below it")]),
        (
            b"sentence\nfine\ncaf\xe9\n",
            [
                (
                    3,
                    None,
                    "not UTF-8 (byte 0xe9): save the file as “CSV UTF-8” and try again",
                )
            ],
        ),
        (
            b"text\nIt rained.\n",
            [(1, "sentence", "the template needs this column, and the file has none of that name")],
        ),
        (
            b'sentence,note\na,b\nonly one\n"of\nmany lines",ok\n1,2,3\n',
            [
                (3, None, "1 cells where the header has 2"),
                (6, None, "3 cells where the header has 2"),
            ],
        ),
        (b'sentence\n"never closed\n', [(2, None, "a quote is opened and never closed")]),
        (b"sentence,sentence\na,b\n", [(1, "sentence", "this column is there twice")]),
    ],
)
def test_a_faulty_table_is_answered_with_every_faulty_row(
    requester: Any, draft: str, state: Any, table: bytes, expected: Any
) -> None:
    before = state()
    answer = requester.post_table(draft, table)
    assert code(answer) == (422, "faulty_rows")
    assert faults(answer) == expected
    assert answer.json["fault_count"] == len(expected)
    assert state() == before


def test_all_of_many_faults_are_counted(requester: Any, draft: str, state: Any) -> None:
    before = state()
    answer = requester.post_table(draft, b"sentence\n" + b"a,b\n" * 1_500)
    assert answer.json["fault_count"] == 1_500
    assert len(answer.json["faults"]) == 1_000
    assert state() == before


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("application/json", b"{", [(1, None, "not JSON")]),
        ("application/json", b"[]", [(1, None, "not an object with a list of records")]),
        ("application/json", b'{"records": []}', [(1, None, "there is no row")]),
        (
            "application/json",
            b'{"records": [{"sentence": "a"}, {"sentence": 1}, {}, 7]}',
            [
                (2, "sentence", "not a text"),
                (3, "sentence", "is missing"),
                (4, None, "not an object of column names and texts"),
            ],
        ),
        (
            "application/x-ndjson",
            b'{"sentence": "a"}\n\n{"sentence": 1}\n{"sentence": "\\ud800"}\n',
            [(3, "sentence", "not a text"), (4, "sentence", "contains half of a character")],
        ),
        ("application/x-ndjson", b'{"sentence": "a"}\n{\n', [(2, None, "not JSON")]),
        ("application/x-ndjson", b"", [(1, None, "there is no row")]),
    ],
)
def test_faulty_records_are_answered_with_every_faulty_one(
    requester: Any, draft: str, state: Any, kind: str, body: bytes, expected: Any
) -> None:
    before = state()
    answer = requester.post_table(draft, body, kind)
    assert code(answer) == (422, "faulty_rows")
    assert faults(answer) == expected
    assert state() == before


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/csv; charset=utf-8", "sentence\nقطع شد\nB".encode()),
        ("application/json", '{"records": [{"sentence": "قطع شد"}, {"sentence": "B"}]}'.encode()),
        ("application/x-ndjson", '{"sentence": "قطع شد"}\r\n{"sentence": "B"}'.encode()),
    ],
)
def test_a_table_comes_as_csv_json_or_ndjson(
    requester: Any, draft: str, kind: str, body: bytes
) -> None:
    assert requester.post_table(draft, body, kind).json["task_count"] == 2
    listed = requester.get(f"/batches/{draft}/tasks").json["items"]
    assert [task["input"] for task in listed] == [{"sentence": "قطع شد"}, {"sentence": "B"}]


def test_a_table_of_another_kind_is_refused(requester: Any, draft: str, state: Any) -> None:
    before = state()
    answer = requester.post_table(draft, b"PK\x03\x04", "application/vnd.ms-excel")
    assert code(answer) == (415, "unsupported_media_type")
    assert state() == before


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"template_html": "<p>${sentence}</p>"}, "template_has_no_answer_field"),
        ({"template_html": "<input name='answer'>" + "x" * 512_000}, "template_too_large"),
        ({"title": " "}, "invalid_input"),
        ({"title": "x" * 129}, "invalid_input"),
        ({"description": ""}, "invalid_input"),
        ({"title": "\ud800"}, "bad_request"),
        ({"allowed_hosts": ["https://example.org/x"]}, "invalid_input"),
        ({"allowed_hosts": ["cdn.example.org; script-src *"]}, "invalid_input"),
        ({"owner": "somebody"}, "invalid_input"),
    ],
)
def test_a_faulty_project_is_not_made(
    requester: Any, state: Any, changes: Any, expected: str
) -> None:
    before = state()
    fields = {"title": "T", "description": "D", "template_html": "<input name='answer'>"}
    status = 400 if expected == "bad_request" else 422
    assert code(requester.post("/projects", {**fields, **changes})) == (status, expected)
    assert state() == before


def test_a_template_that_asks_nothing_is_told_what_to_add(requester: Any) -> None:
    fields = {"title": "T", "description": "D", "template_html": "<p>${sentence}</p>"}
    assert '<input name="answer">' in requester.post("/projects", fields).json["detail"]


@pytest.mark.parametrize(
    ("terms", "expected", "named"),
    [
        ({"reward": {"amount_minor": 0, "currency": "USD"}}, "invalid_input", "reward"),
        ({"reward": {"amount_minor": -5, "currency": "USD"}}, "invalid_input", "reward"),
        ({"reward": {"amount_minor": 100_001, "currency": "USD"}}, "invalid_input", "reward"),
        ({"reward": {"amount_minor": 2**80, "currency": "USD"}}, "invalid_money", ""),
        ({"reward": {"amount_minor": 0.5, "currency": "USD"}}, "invalid_input", "reward"),
        ({"reward": {"amount_minor": "5", "currency": "USD"}}, "invalid_input", "reward"),
        ({"reward": {**FIVE_CENTS, "scale": 4}}, "invalid_input", "reward"),
        ({"reward": {"amount_minor": 5, "currency": "EUR"}}, "wrong_currency", ""),
        ({"reward": {"amount_minor": 5, "currency": "XXX"}}, "wrong_currency", ""),
        ({"reward": None}, "invalid_input", "reward"),
        ({"redundancy": 0}, "invalid_input", "redundancy"),
        ({"redundancy": -1}, "invalid_input", "redundancy"),
        ({"redundancy": 100}, "invalid_input", "redundancy"),
        ({"lease_seconds": -600}, "invalid_input", "lease_seconds"),
        ({"auto_accept_seconds": -1}, "invalid_input", "auto_accept_seconds"),
        ({"title": "x" * 129}, "invalid_input", "title"),
    ],
)
def test_terms_out_of_bounds_make_no_batch(
    requester: Any, state: Any, terms: Any, expected: str, named: str
) -> None:
    project_id = requester.project()["project_id"]
    before = state()
    answer = requester.post(f"/projects/{project_id}/batches", {"reward": FIVE_CENTS, **terms})
    assert code(answer) == (422, expected)
    assert named in str(answer.json.get("errors", ""))
    assert state() == before


KEYED = [
    "/projects",
    "/projects/{project_id}/batches",
    "/batches/{batch_id}/tasks",
    "/batches/{batch_id}/publish",
    "/batches/{batch_id}/pause",
    "/batches/{batch_id}/resume",
    "/batches/{batch_id}/cancel",
    "/batches/{batch_id}/reviews",
    "/submissions/sub_unknown/accept",
    "/submissions/sub_unknown/reject",
]


@pytest.mark.parametrize("path", KEYED)
def test_without_an_idempotency_key_nothing_is_created_or_decided(
    requester: Any, api: FlaskClient, state: Any, path: str
) -> None:
    batch = requester.batch_with_tasks()
    before = state()
    url = "/api/tasks/v1" + path.format(**batch)
    for key in ("", "x" * 129):
        headers = {**requester.headers, "Idempotency-Key": key}
        answer = api.post(url, json={}, headers=headers)
        assert code(answer) == (400, "idempotency_key_missing")
    assert state() == before


def test_the_same_key_and_body_make_one_project(requester: Any, state: Any) -> None:
    fields = {"title": "T", "description": "D", "template_html": "<input name='answer'>"}
    first = requester.post("/projects", fields, key="once")
    before = state()
    again = requester.post("/projects", fields, key="once")
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert state() == before


def test_a_key_used_with_another_body_is_refused(requester: Any, state: Any) -> None:
    fields = {"title": "T", "description": "D", "template_html": "<input name='answer'>"}
    requester.post("/projects", fields, key="once")
    before = state()
    answer = requester.post("/projects", {**fields, "title": "Another"}, key="once")
    assert code(answer) == (422, "idempotency_key_reused")
    assert state() == before


def test_one_requesters_key_is_not_anothers(requester: Any, stranger: Any) -> None:
    fields = {"title": "T", "description": "D", "template_html": "<input name='answer'>"}
    first = requester.post("/projects", fields, key="once").json
    other = stranger.post("/projects", fields, key="once").json
    assert other["project_id"] != first["project_id"]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=made-up"])
@pytest.mark.parametrize("path", ["/projects", "/batches/{batch_id}/submissions"])
def test_a_list_is_not_asked_for_in_ways_it_does_not_know(
    requester: Any, draft: str, path: str, query: str
) -> None:
    answer = requester.get(f"{path.format(batch_id=draft)}?{query}")
    assert code(answer) == (422, "invalid_input")


def test_a_cursor_of_another_list_is_refused(requester: Any, draft: str) -> None:
    for _ in range(2):
        requester.project()
    cursor = requester.get("/projects?limit=1").json["next_cursor"]
    answer = requester.get(f"/batches/{draft}/submissions?cursor={cursor}")
    assert code(answer) == (422, "invalid_input")


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"[" * 100_000])
def test_what_is_no_json_object_is_refused(requester: Any, state: Any, body: bytes) -> None:
    before = state()
    headers = {"Content-Type": "application/json"}
    answer = requester.post("/projects", data=body, headers=headers)
    assert answer.status_code in (400, 422)
    assert code(answer)[1] in ("bad_request", "invalid_input")
    assert state() == before


def test_a_template_is_checked_line_by_line_and_not_kept(requester: Any) -> None:
    body = {"template_html": '<label>Q\n<input name="a"></label>\n${q}${r}', "columns": ["q"]}
    checked = requester.post("/templates/check", body)
    assert checked.status_code == 200, checked.text
    assert checked.json == {
        "answer_fields": ["a"],
        "columns": ["q", "r"],
        "remarks": [{"line": 3, "code": "missing_column", "subject": "r"}],
    }
    assert requester.get("/projects").json["items"] == []
