import re
from typing import Any

from flask import Flask
from task_service.bootstrap import Application

PAGE = "/requester/developers"


def secret_of(page: str) -> str:
    found = re.search(r'value="(ck_[^"]+)"', page)
    return found[1] if found else ""


def test_a_new_key_is_shown_once_and_opens_the_api(browser: Any, web: Flask) -> None:
    secret = secret_of(browser.follow(PAGE, name="nightly upload"))
    headers = {"Authorization": f"Bearer {secret}"}
    assert web.test_client().get("/api/tasks/v1/me", headers=headers).status_code == 200
    again = browser.read(PAGE)
    assert "nightly upload" in again
    assert secret_of(again) == ""


def test_whoever_comes_from_mechanical_turk_reads_which_call_does_what(
    browser: Any, web: Flask
) -> None:
    """Each of them is one that the API has."""
    page = browser.read(PAGE)
    calls = re.findall(r'<code dir="ltr">((?:GET|POST) .+?)</code>', page)
    assert len(calls) > 10
    known = web.test_client().get("/api/tasks/openapi.json").json["paths"]
    parts = [re.sub(r"\{\w+\}", "{}", path.removeprefix("/api/tasks/v1")) for path in known]
    for call in calls:
        method, _, paths = call.partition(" ")
        for path in re.sub(r"\{\w+\}", "{}", paths.partition("?")[0]).split(", "):
            ours = not path.startswith("/api/payments")
            assert not ours or any(one.endswith(path.lstrip("…")) for one in parts), method + path


def test_a_form_pressed_twice_makes_one_key_and_keeps_no_secret(
    browser: Any, application: Application
) -> None:
    answers = [browser.send(PAGE, key="the same", name="upload") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert application.database["api_keys"].count_documents({}) == 1
    assert "ck_" not in str(list(application.database["idempotency"].find()))


def test_a_key_without_a_name_is_not_made(browser: Any, application: Application) -> None:
    assert "1 to 80 characters" in browser.sent(PAGE, 422, name=" ")
    assert application.database["api_keys"].count_documents({}) == 0


def test_a_revoked_key_opens_nothing(browser: Any, web: Flask, application: Application) -> None:
    secret = secret_of(browser.follow(PAGE, name="upload"))
    key_id = application.database["api_keys"].find_one()["_id"]
    assert "Revoked" in browser.follow(f"{PAGE}/{key_id}/revoke")
    headers = {"Authorization": f"Bearer {secret}"}
    assert web.test_client().get("/api/tasks/v1/me", headers=headers).status_code == 401


def test_another_requesters_key_cannot_be_revoked(
    browser: Any, other_browser: Any, application: Application
) -> None:
    browser.send(PAGE, name="upload")
    key_id = application.database["api_keys"].find_one()["_id"]
    assert other_browser.send(f"{PAGE}/{key_id}/revoke").status_code == 404
    assert application.database["api_keys"].find_one()["revoked"] is False
