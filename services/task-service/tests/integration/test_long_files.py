"""Files that take long to split: an answer at once, a job, and its progress until it is over."""

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from pypdf import PdfWriter
from task_service.adapters import pypdf_pages, zip_files
from task_service.bootstrap import Application


@pytest.fixture(autouse=True)
def long_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pages are many."""
    monkeypatch.setattr(pypdf_pages, "_PAGES_AT_ONCE", 2)
    monkeypatch.setattr(zip_files, "_FILES_AT_ONCE", 2)


def pages(count: int) -> bytes:
    writer, file = PdfWriter(), io.BytesIO()
    for _ in range(count):
        writer.add_blank_page(100, 100)
    writer.write(file)
    return file.getvalue()


def archive(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name in names:
            content = b"\x89PNG\r\n\x1a\n" + name.encode()
            made.writestr(name, b"MZ" if name.endswith(".exe") else content)
    return file.getvalue()


def split(requester: Any, batch: Any, content: bytes, by: str) -> Any:
    headers = {"Content-Type": "application/octet-stream"}
    path = f"/batches/{batch['batch_id']}/source?by={by}&name=long.file"
    return requester.post(path, data=content, headers=headers)


def progress(requester: Any, answer: Any) -> Any:
    return requester.get(answer.headers["Location"].removeprefix("/api/tasks/v1")).json


def test_a_long_file_is_answered_at_once_and_split_by_a_job(
    requester: Any, stranger: Any, application: Application
) -> None:
    batch = requester.batch()
    path = f"/batches/{batch['batch_id']}/source/progress"
    assert requester.get(path).status_code == 404
    answer = split(requester, batch, pages(3), "page")
    assert (answer.status_code, answer.json["task_count"]) == (202, 0)
    assert progress(requester, answer) == {"state": "waiting", "made": 0, "faults": []}
    assert stranger.get(path).status_code == 404
    assert application.split_later() == 1
    assert progress(requester, answer) == {"state": "done", "made": 3, "faults": []}
    assert requester.get(f"/batches/{batch['batch_id']}").json["task_count"] == 3
    assert application.split_later() == 0
    stopped = {"state": "waiting", "made": 1}  # before it was noted that they are there
    application.database["split_jobs"].update_one({}, {"$set": stopped})
    assert progress(requester, answer) == {"state": "done", "made": 3, "faults": []}
    assert split(requester, batch, pages(1), "page").status_code == 201
    assert split(requester, batch, b"%PDF-1.7 and no more", "page").status_code == 422


def test_a_long_file_with_a_fault_creates_nothing_and_says_where(
    requester: Any, application: Application
) -> None:
    batch = requester.batch()
    answer = split(requester, batch, archive("a.png", "b.png", "c.exe"), "file")
    application.split_later()
    told = progress(requester, answer)
    assert (told["state"], told["faults"][0]["line"]) == ("refused", 3)
    assert application.database["tasks"].count_documents({}) == 0
    requester.post_table(batch["batch_id"], b"sentence\nOther.\n")
    path = f"/batches/{batch['batch_id']}/source/progress"
    assert requester.get(path).status_code == 404, "it was given something else since"


def test_a_job_that_was_stopped_is_taken_up_again_and_given_up_in_the_end(
    requester: Any, application: Application, clock: Any
) -> None:
    batch = requester.batch()
    answer = split(requester, batch, pages(3), "page")
    jobs = application.database["split_jobs"]
    soon = clock.now() + timedelta(seconds=1)
    jobs.update_one({}, {"$set": {"taken_until": soon, "tries": 3}})
    assert application.split_later() == 0, "somebody works on it"
    clock.advance(seconds=2)
    assert application.split_later() == 1
    assert progress(requester, answer)["state"] == "refused"
    again = split(requester, batch, pages(3), "page")
    application.split_later()
    assert progress(requester, again)["state"] == "done"


def test_a_table_given_meanwhile_stays(requester: Any, application: Application) -> None:
    batch = requester.batch()
    split(requester, batch, pages(3), "page")
    requester.post_table(batch["batch_id"], b"sentence\nOther.\n")
    assert application.split_later() == 1
    kept = requester.get(f"/batches/{batch['batch_id']}/tasks").json["items"]
    assert [task["input"] for task in kept] == [{"sentence": "Other."}]


def test_a_draft_shows_how_far_its_long_file_is_and_why_it_was_refused(
    requester: Any, browser: Any, application: Application, words: Any
) -> None:
    draft = f"/requester/batches/{requester.batch()['batch_id']}"
    for content, name in ((pages(3), "a.pdf"), (archive("a.png", "b.png", "c.exe"), "a.zip")):
        sent = browser.send(
            f"{draft}/table", seen=batch_table(application), table=(io.BytesIO(content), name)
        )
        asked = browser.read(sent.location)
        assert "Make the tasks" in asked
        assert "Piece 1" not in asked
        action = sent.location.replace("?", "/give?")
        page = browser.follow(action, seen=batch_table(application))
        assert "0 pieces so far" in page
        part = browser.client.get(f"{draft}/splitting")
        assert "HX-Refresh" not in part.headers
        application.split_later()
        assert browser.client.get(f"{draft}/splitting").headers["HX-Refresh"] == "true"
        page = browser.read(draft)
        assert "pieces so far" not in page
        assert "Row 1 of 3" in page
        assert ("The file could not be split." in words(page)) is (name == "a.zip")


def batch_table(application: Application) -> str:
    found = application.database["batches"].find_one() or {}
    return str(found.get("table_id") or "")
