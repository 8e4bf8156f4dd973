"""Three items with known answers, for anybody, kept nowhere."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from worker_service.bootstrap import Application

PAGE = "/work/practice"


@pytest.fixture
def visitor(web: Flask) -> FlaskClient:
    client = web.test_client()
    client.environ_base["HTTP_ACCEPT"] = "text/html"
    return client


def test_a_visitor_tries_all_three_and_is_led_to_an_account(
    visitor: FlaskClient, application: Application
) -> None:
    assert visitor.get(PAGE).location == f"{PAGE}/1"
    assert "without an account" in visitor.get(f"{PAGE}/1").text
    assert visitor.post(f"{PAGE}/1", data={}).status_code == 422
    wrong = visitor.post(f"{PAGE}/1", data={"answer": "no"}).text
    assert "Not quite" in wrong
    assert "Slicing tomatoes" in wrong
    assert f'href="{PAGE}/2"' in visitor.post(f"{PAGE}/1", data={"answer": "yes"}).text
    assert "Right" in visitor.post(f"{PAGE}/2", data={"answer": "pleased"}).text
    last = visitor.post(f"{PAGE}/3", data={"answer": " 3.50 "})
    assert 'href="/work/start"' in last.text
    assert "cl_practised=1" in last.headers["Set-Cookie"]
    assert visitor.get(f"{PAGE}/4").status_code == 404
    assert visitor.get(f"{PAGE}/0").status_code == 404
    assert application.database["outbox"].count_documents({}) == 0


def test_each_item_says_what_is_right_in_persian_too(
    visitor: FlaskClient, application: Application
) -> None:
    for item in application.practice_items:
        for words in item.words:
            (right,) = [values[0] for values in words.key.values()]
            assert words.is_right([("answer", right)])
            assert not words.choices or right in words.choices
    assert "گوجه" in visitor.get(f"{PAGE}/1?lang=fa").text
    assert "note good" in visitor.post(f"{PAGE}/3?lang=fa", data={"answer": "۳٫۵۰"}).text


def test_the_queue_offers_practice_until_work_was_decided(
    visitor: FlaskClient, application: Application, deliver: Any, make: Any
) -> None:
    made = visitor.post("/api/workers/v1/workers", json={}).json
    visitor.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {made['token']}"
    assert "New here?" in visitor.get("/work/queue").text
    deliver(make.claimed(worker_id=made["worker_id"]), make.submitted(), make.accepted())
    application.keep_qualifications()
    assert "New here?" not in visitor.get("/work/queue").text


def test_skipping_practice_is_remembered(visitor: FlaskClient) -> None:
    made = visitor.post("/api/workers/v1/workers", json={}).json
    visitor.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {made['token']}"
    assert visitor.post(f"{PAGE}/skip").location == "/work/queue"
    assert "New here?" not in visitor.get("/work/queue").text
