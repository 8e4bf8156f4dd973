"""A file is split into tasks, answered, and merged: through the API, by its owner alone."""

import io
from typing import Any

from flask import Flask
from PIL import Image

BOOK = "First one.\r\n\r\nSecond 😀 one.\n\n\nسومی.".encode()


def split(requester: Any, batch: Any, content: bytes, by: str, **query: str) -> Any:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    path = f"/batches/{batch['batch_id']}/source?by={by}{more}"
    return requester.post(path, data=content, headers={"Content-Type": "application/octet-stream"})


def merged(requester: Any, batch: Any) -> Any:
    return requester.get(f"/batches/{batch['batch_id']}/results?format=merged")


def image() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((100, 80), 50).save(file, "PNG")
    return file.getvalue()


def test_a_book_is_split_answered_and_whole_again(
    make: Any, application: Any, requester: Any, deliver: Any, hand_out: Any
) -> None:
    batch = requester.batch(redundancy=1)
    made = split(requester, batch, BOOK, "paragraph", name="book.txt")
    assert made.status_code == 201, made.text
    assert made.json["task_count"] == 3
    shown = requester.get(f"/batches/{batch['batch_id']}/source").json
    assert (shown["name"], shown["by"], shown["pieces"]) == ("book.txt", "paragraph:1", 3)
    assert merged(requester, batch).headers["Crowdloom-Missing-Pieces"] == "3"
    requester.post(f"/batches/{batch['batch_id']}/publish")
    deliver(make.funded(made.json, requester))
    while application.release_tasks():
        pass
    for number in range(3):
        holder = hand_out(requester, batch, task=number, assignment=number + 1)
        piece = holder.load().json["input"]["sentence"]  # the one column that the template needs
        assert holder.submit([["answer", piece]]).status_code == 201
    answer = merged(requester, batch)
    headers = {**requester.headers, "Range": "bytes=3-"}
    path = f"/api/tasks/v1/batches/{batch['batch_id']}/results?format=merged"
    rest = requester.api.get(path, headers=headers, buffered=True)
    assert (rest.status_code, rest.data) == (206, answer.data[3:])
    assert answer.data == BOOK
    assert answer.headers["Crowdloom-Missing-Pieces"] == "0"
    assert f"{batch['batch_id']}-merged.txt" in answer.headers["Content-Disposition"]


def test_a_tile_is_loaded_by_a_signed_address_and_by_its_owner_alone(
    web: Flask, requester: Any, stranger: Any
) -> None:
    project = requester.project(template_html='<img src="${image}"><input name="a">')
    batch = requester.batch(project["project_id"])
    assert split(requester, batch, image(), "tile:64", overlap="8").status_code == 201
    [first, *_] = requester.get(f"/batches/{batch['batch_id']}/tasks").json["items"]
    digest = first["input"]["image"].removeprefix("file:")
    own = requester.get(f"/files/{digest}")
    assert (own.status_code, own.mimetype) == (200, "image/png")
    assert own.headers["X-Content-Type-Options"] == "nosniff"
    assert own.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert stranger.get(f"/files/{digest}").status_code == 404

    client = web.test_client()
    client.set_cookie("cl_requester", requester.token, path="/requester")
    page = client.get(f"/requester/frame/batches/{batch['batch_id']}/1").text
    address = page.split('<img src="')[1].split('"')[0]
    anybody = web.test_client(use_cookies=False)
    assert anybody.get(address).data == own.data
    part = anybody.get(address, headers={"Range": "bytes=2-5"})
    assert (part.status_code, part.data) == (206, own.data[2:6])
    assert anybody.get(address + "x").status_code == 404


def test_an_address_runs_out(web: Flask, requester: Any, clock: Any) -> None:
    project = requester.project(template_html='<img src="${image}"><input name="a">')
    batch = requester.batch(project["project_id"])
    split(requester, batch, image(), "tile")
    client = web.test_client()
    client.set_cookie("cl_requester", requester.token, path="/requester")
    page = client.get(f"/requester/frame/batches/{batch['batch_id']}/1").text
    address = page.split('<img src="')[1].split('"')[0]
    assert client.get(address).status_code == 200
    clock.advance(seconds=7_200)
    assert client.get(address).status_code == 404


def test_what_cannot_be_split_changes_nothing(requester: Any, state: Any) -> None:
    batch = requester.batch()
    before = state()
    for content, by, status in [
        (b"", "sentence", 422),
        (b"\x00", "paragraph", 422),
        (b"a,b\n1\n", "rows", 422),
        (b"%PDF", "page", 422),
        (b"text", "chapter", 422),
        (b"text", "tile:7", 422),
    ]:
        answer = split(requester, batch, content, by)
        assert answer.status_code == status, (by, answer.text)
    assert state() == before


def test_nothing_split_is_nothing_to_merge(requester: Any, stranger: Any) -> None:
    batch = requester.batch_with_tasks()
    assert merged(requester, batch).status_code == 404
    assert requester.get(f"/batches/{batch['batch_id']}/source").status_code == 404
    assert split(stranger, batch, BOOK, "sentence").status_code == 404
