"""The whole of a large batch: asked for, merged by a job, given out as long as nothing changed."""

from datetime import timedelta
from typing import Any

import pytest
from crowdloom.kernel import Clock
from crowdloom.kernel.ids import BatchId, least_id
from task_service.adapters.mongo_pieces import MongoPieces
from task_service.application import merge_later
from task_service.bootstrap import Application

BOOK = b"First one.\n\nSecond one.\n\nThird one.\n"
V1 = "/api/tasks/v1"


@pytest.fixture(autouse=True)
def long_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch of three tasks is large."""
    monkeypatch.setattr(merge_later, "_ROWS_AT_ONCE", 2)


@pytest.fixture
def book(make: Any, application: Application, requester: Any, deliver: Any) -> Any:
    """A book of three paragraphs, published."""
    batch = requester.batch(redundancy=1)
    path = f"/batches/{batch['batch_id']}/source?by=paragraph&name=book.txt"
    batch = requester.post(path, data=BOOK, headers={"Content-Type": "text/plain"}).json
    requester.post(f"/batches/{batch['batch_id']}/publish")
    deliver(make.funded(batch, requester))
    while application.release_tasks():
        pass
    return batch


@pytest.fixture
def answer(requester: Any, book: Any, hand_out: Any) -> Any:
    """Answer one of its paragraphs."""

    def answered(number: int, text: str) -> None:
        holder = hand_out(requester, book, task=number, assignment=number + 1)
        assert holder.submit([["answer", text]]).status_code == 201

    return answered


def asked(requester: Any, book: Any, kind: str = "merged") -> Any:
    return requester.get(f"/batches/{book['batch_id']}/results?format={kind}")


def again(requester: Any, told: Any, **headers: str) -> Any:
    headers = {**requester.headers, **headers}
    return requester.api.get(told.headers["Location"], headers=headers, buffered=True)


def test_a_large_whole_is_made_by_a_job_and_downloaded_from_where_it_is_kept(
    application: Application, requester: Any, stranger: Any, book: Any, answer: Any, clock: Any
) -> None:
    answer(0, "One!")
    told = asked(requester, book)
    assert (told.status_code, told.headers["Retry-After"]) == (202, "2")
    assert (told.json["code"], told.json["read"], told.json["answers"]) == ("merging", 0, 1)
    assert asked(requester, book).status_code == 202
    assert again(requester, told).status_code == 202
    assert asked(stranger, book).status_code == 404
    assert application.merge_later() == 1
    assert application.merge_later() == 0, "asked for three times, made once"
    whole = again(requester, told)
    assert whole.status_code == 200
    assert b"One!\n\n" in whole.data
    assert whole.headers["Crowdloom-Missing-Pieces"] == "2"
    assert whole.headers["Crowdloom-Contested-Pieces"] == "0"
    assert f"{book['batch_id']}-merged.txt" in whole.headers["Content-Disposition"]
    part = again(requester, told, **{"Range": "bytes=3-", "If-Range": whole.headers["ETag"]})
    assert (part.status_code, part.data) == (206, whole.data[3:])
    clock.advance(seconds=20)
    assert asked(requester, book).status_code == 202, "an answer may have been under way"
    application.merge_later()
    assert asked(requester, book).data == whole.data, "nothing has changed since"
    tidy = requester.api.get(
        f"{V1}/batches/{book['batch_id']}/results?format=tidy", headers=requester.headers
    )
    assert tidy.status_code == 200


def test_a_change_has_it_made_anew_but_for_whoever_asked_before(
    application: Application, requester: Any, book: Any, answer: Any, clock: Any
) -> None:
    answer(0, "One!")
    clock.advance(seconds=20)
    told = asked(requester, book)
    application.merge_later()
    begun = again(requester, told)
    clock.advance(seconds=20)
    answer(1, "Two!")
    clock.advance(seconds=20)
    assert again(requester, told).data == begun.data, "nobody waits for ever"
    part = requester.api.get(
        f"{V1}/batches/{book['batch_id']}/results?format=merged",
        headers={**requester.headers, "Range": "bytes=3-", "If-Range": begun.headers["ETag"]},
        buffered=True,
    )
    assert (part.status_code, part.data) == (206, begun.data[3:]), "the rest of what was begun"
    assert asked(requester, book).status_code == 202
    application.merge_later()
    assert b"Two!" in asked(requester, book).data
    job = application.database["merge_jobs"].find_one() or {}
    digest = job["file"]["digest"]
    application.database["kept.files"].delete_one({"_id": {"$regex": digest}})
    assert asked(requester, book).status_code == 202, "its file went"


def test_a_merge_that_was_stopped_is_taken_up_again_and_given_up_in_the_end(
    application: Application, requester: Any, book: Any, clock: Any
) -> None:
    told = asked(requester, book)
    jobs = application.database["merge_jobs"]
    soon = clock.now() + timedelta(seconds=1)
    jobs.update_one({}, {"$set": {"taken_until": soon, "tries": 1}})
    assert application.merge_later() == 0, "somebody works on it"
    clock.advance(seconds=2)
    assert application.merge_later() == 1
    assert again(requester, told).status_code == 200
    jobs.update_one({}, {"$set": {"state": "waiting", "tries": 3, "taken_until": None}})
    assert application.merge_later() == 1
    refused = again(requester, told)
    assert (refused.status_code, refused.json["code"]) == (409, "not_merged")
    assert asked(requester, book).status_code == 202, "asked for anew, it is tried again"


def test_a_table_with_the_answers_added_comes_the_same_way(
    application: Application, requester: Any
) -> None:
    batch = requester.batch()
    path = f"/batches/{batch['batch_id']}/source?by=rows&name=rows.csv"
    table = b"sentence\r\nIt rained.\r\nThe sun shone.\r\nIt snowed.\r\n"
    requester.post(path, data=table, headers={"Content-Type": "text/csv"})
    told = asked(requester, batch, "input")
    assert told.status_code == 202
    application.merge_later()
    whole = again(requester, told)
    assert (whole.status_code, whole.mimetype) == (200, "text/csv")
    assert whole.data.splitlines()[1] == b"It rained.,missing"
    unsplit = requester.batch_with_tasks(b"sentence\nA\nB\nC\n")
    assert asked(requester, unsplit, "input").status_code == 200
    assert asked(requester, unsplit).status_code == 404


def test_the_page_shows_how_far_it_is_then_the_file(
    application: Application, requester: Any, browser: Any, book: Any, answer: Any, words: Any
) -> None:
    answer(0, "One!")
    results = f"/requester/batches/{book['batch_id']}/results"
    assert "Making the file" not in browser.read(results)
    sent = browser.client.get(f"{results}/merged")
    assert sent.status_code == 303
    assert "0 of 1 answers read" in words(browser.read(sent.location))
    part = sent.location.replace("results?making=merged&", "results/merged/making?")
    assert "HX-Refresh" not in browser.client.get(part).headers
    application.merge_later()
    assert browser.client.get(part).headers["HX-Refresh"] == "true"
    page = browser.read(sent.location)
    assert "The file is ready" in page
    place = page.partition(f'href="{results}/merged?')[2].partition('"')[0]
    assert b"One!" in browser.client.get(f"{results}/merged?{place}").data
    application.database["merge_jobs"].update_one({}, {"$set": {"state": "failed"}})
    assert "Try again" in browser.read(sent.location)
    application.database["merge_jobs"].delete_many({})
    assert "Make it again" in browser.read(sent.location)
    assert browser.client.get(f"{results}/tidy/making").status_code == 404


def test_an_instant_that_cannot_be_meant_is_none(requester: Any, book: Any) -> None:
    path = f"/batches/{book['batch_id']}/results?format=merged&asked_at="
    for instant in ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"):
        assert requester.get(path + instant).status_code == 202
    assert requester.get(f"{path}yesterday").status_code == 422
    page = f"/requester/batches/{book['batch_id']}/results/merged?asked_at=0001-01-01T00:00%2B14:00"
    assert requester.api.get(page, headers=requester.headers).status_code == 303


def test_answers_are_read_oldest_first_however_far_apart_they_came(
    application: Application, clock: Clock
) -> None:
    batch_id = BatchId(least_id("batch", clock.now()) + "0" * 16)
    came = {0: "accepted", 1: "submitted", 40: "rejected", 90: "accepted", 500: "submitted"}
    application.database["submissions"].insert_many(
        {
            "_id": least_id("submission", clock.now() + timedelta(days=days)),
            "assignment_id": f"asg_{days}",
            "batch_id": batch_id,
            "task_id": f"tsk_{days}",
            "status": status,
            "answer": [["answer", str(days)]],
        }
        for days, status in came.items()
    )
    found = list(MongoPieces(application.database).answers(batch_id))
    assert [task_id for task_id, _ in found] == ["tsk_0", "tsk_1", "tsk_90", "tsk_500"]
    assert found[0][1] == (("answer", "0"),)
