"""A file in parts: what arrived stays, a part counts once, and its owner alone can go on."""

from typing import Any

from task_service.application.split_source import Upload

TABLE = b"sentence\nIt rained.\nThe sun shone.\n"
DAY = 86_400


def begin(requester: Any, size: int = len(TABLE)) -> Any:
    return requester.post("/uploads", {"name": "table.csv", "size": size})


def add(requester: Any, upload: Any, offset: int, part: bytes) -> Any:
    path = f"/api/tasks/v1/uploads/{upload['upload_id']}?offset={offset}"
    headers = {**requester.headers, "Content-Type": "application/octet-stream"}
    return requester.api.patch(path, data=part, headers=headers)


def test_a_dropped_connection_goes_on_from_what_has_come(
    requester: Any, stranger: Any, browser: Any, words: Any
) -> None:
    upload = begin(requester).json
    assert add(requester, upload, 0, TABLE[:10]).json["received"] == 10
    assert add(requester, upload, 0, TABLE[:10]).json["received"] == 10  # its answer was lost
    astray = add(requester, upload, 20, TABLE[20:])
    assert (astray.status_code, astray.json["received"]) == (409, 10)
    assert add(stranger, upload, 10, TABLE[10:]).status_code == 404
    seen = requester.get(f"/uploads/{upload['upload_id']}").json
    assert (seen["received"], seen["digest"]) == (10, None)
    whole = add(requester, upload, 10, TABLE[10:]).json
    assert add(requester, upload, 10, TABLE[10:]).json["digest"] == whole["digest"]
    project = requester.project()["project_id"]
    form = {
        "title": "T",
        "redundancy": "1",
        "reward": "0.05",
        "lease_minutes": "10",
        "auto_accept_days": "3",
    }
    page = browser.follow(
        f"/requester/projects/{project}/batches/new",
        kept=whole["digest"],
        name="table.csv",
        **form,
    )
    assert "Table read" in words(page)


def test_uploads_are_bounded_in_size_number_and_age(requester: Any, clock: Any) -> None:
    assert begin(requester, size=50_000_001).status_code == 422
    upload = begin(requester).json
    assert add(requester, upload, 0, TABLE + b"more").status_code == 422
    assert add(requester, upload, 0, b"x" * 4_000_001).status_code == 422
    for _ in range(9):
        assert begin(requester).status_code == 201
    assert begin(requester).json["code"] == "conflict"
    clock.advance(seconds=86_401)
    assert begin(requester).status_code == 201
    assert requester.get(f"/uploads/{upload['upload_id']}").status_code == 404


def test_a_file_that_becomes_nothing_s_tasks_is_gone_after_a_week(
    requester: Any, browser: Any, application: Any, clock: Any
) -> None:
    unused = add(requester, begin(requester).json, 0, TABLE).json["digest"]
    draft = requester.batch()
    split = requester.post(f"/batches/{draft['batch_id']}/source?by=sentence", data=b"One. Two.")
    assert split.status_code == 201
    files = application.database["kept.files"]
    kept = files.count_documents({})
    clock.advance(seconds=6 * DAY)
    again = Upload("table.csv", TABLE, "text/csv")
    assert application.look_at_upload.keep(requester.requester_id, again) == unused
    clock.advance(seconds=6 * DAY)
    assert application.clean_unused_files() == 0, "it came again six days ago"
    clock.advance(seconds=2 * DAY)
    assert application.clean_unused_files() == 1
    assert files.count_documents({}) == kept - 1
    assert application.database["kept.chunks"].count_documents({}) == kept - 1
    session = {"email": "fir@example.org", "password": "a long enough password"}
    token = requester.post("/sessions", session).json["token"]
    requester.headers = {"Authorization": f"Bearer {token}"}
    browser.client.set_cookie("cl_requester", token, path="/requester")
    whole = requester.get(f"/batches/{draft['batch_id']}/results?format=merged")
    assert whole.headers["Crowdloom-Missing-Pieces"] == "2"
    page = f"/requester/projects/{draft['project_id']}/batches/new"
    lost = browser.sent(page, 422, kept=unused, name="table.csv", reward="0.05")
    assert "The file waited too long and is gone: choose it again." in lost


def test_a_file_of_no_use_is_refused_when_it_is_whole(requester: Any) -> None:
    video = b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 40
    upload = begin(requester, size=len(video)).json
    refused = add(requester, upload, 0, video)
    assert (refused.status_code, refused.json["code"]) == (422, "faulty_rows")


def test_a_file_whose_keeping_was_stopped_is_kept_whole_when_it_comes_again(
    requester: Any, application: Any
) -> None:
    content = bytes(range(256)) * 2_000
    whole = Upload("table.csv", content, "text/csv")
    owner = requester.requester_id
    digest = application.look_at_upload.keep(owner, whole)
    database = application.database
    database["kept.files"].delete_many({})
    database["kept.chunks"].delete_one({"n": 1})
    assert application.look_at_upload.keep(owner, whole) == digest
    assert application.look_at_upload.open(owner, digest).read() == content
    assert database["kept.chunks"].count_documents({}) == 2
