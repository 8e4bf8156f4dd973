"""Requesters sign up, sign in, and call with API keys."""

from typing import Any

import pytest
from crowdloom.testkit.ports import FrozenClock
from flask import Flask
from flask.testing import FlaskClient
from task_service.bootstrap import Application

V1 = "/api/tasks/v1"
PASSWORD = "a long enough password"
FIR = {"email": "fir@example.org", "password": PASSWORD, "name": "Fir Research Group"}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def sign_in(api: FlaskClient, **changes: Any) -> Any:
    return api.post(f"{V1}/sessions", json={"email": FIR["email"], "password": PASSWORD, **changes})


def test_signing_up_signs_in(api: FlaskClient) -> None:
    answer = api.post(f"{V1}/requesters", json={**FIR, "email": " Fir@Example.org "})
    assert answer.status_code == 201
    assert answer.json["requester_id"].startswith("req_")
    assert answer.json["expires_at"] == "2026-11-15T12:00:00.000Z"
    me = api.get(f"{V1}/me", headers={"Authorization": f"Bearer {answer.json['token']}"}).json
    assert (me["email"], me["name"]) == ("fir@example.org", "Fir Research Group")


def test_an_e_mail_address_has_one_account(requester: Any, api: FlaskClient, state: Any) -> None:
    before = state()
    answer = api.post(f"{V1}/requesters", json={**FIR, "email": "FIR@example.org"})
    assert code(answer) == (409, "email_taken")
    assert state() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "no address"},
        {"email": "a" * 250 + "@example.org"},
        {"password": "short"},
        {"password": "x" * 201},
        {"name": "  "},
        {"name": "x" * 81},
        {"role": "staff"},
    ],
)
def test_a_sign_up_that_breaks_a_rule_names_the_field(
    api: FlaskClient, state: Any, wrong: dict[str, str]
) -> None:
    before = state()
    answer = api.post(f"{V1}/requesters", json={**FIR, **wrong})
    assert code(answer) == (422, "invalid_input")
    assert next(iter(wrong)) in str(answer.json["errors"])
    assert state() == before


def test_the_password_is_kept_as_a_hash_alone(requester: Any, application: Application) -> None:
    [row] = application.database["requesters"].find()
    assert PASSWORD not in str(row)
    assert row["password_hash"].startswith("$argon2id$")


def test_signing_in_takes_the_right_password_alone(requester: Any, api: FlaskClient) -> None:
    assert sign_in(api, email="FIR@example.org ").json["requester_id"] == requester.requester_id
    assert code(sign_in(api, password="another password")) == (401, "wrong_password")
    assert code(sign_in(api, email="nobody@example.org")) == (401, "wrong_password")


def test_too_many_wrong_passwords_lock_the_address_for_ten_minutes(
    requester: Any, api: FlaskClient, clock: FrozenClock
) -> None:
    for _ in range(8):
        assert code(sign_in(api, password="a wrong password")) == (401, "wrong_password")
    assert code(sign_in(api)) == (429, "too_many_tries")
    clock.advance(seconds=601)
    assert sign_in(api).status_code == 200


def test_a_session_ends_after_its_time(requester: Any, clock: FrozenClock) -> None:
    assert requester.get("/me").status_code == 200
    clock.advance(seconds=14 * 86_400 + 1)
    assert code(requester.get("/me")) == (401, "invalid_token")


def test_an_api_keys_secret_is_shown_once_and_kept_nowhere(
    requester: Any, application: Application
) -> None:
    made = requester.post("/api-keys", {"name": "nightly import"}).json
    assert made["secret"].startswith("ck_")
    [listed] = requester.get("/api-keys").json["items"]
    assert listed["name"] == "nightly import"
    assert "secret" not in listed
    for name in application.database.list_collection_names():
        for document in application.database[name].find():
            assert made["secret"] not in str(document)


def test_an_api_key_acts_for_its_requester_until_revoked(
    requester: Any, web: Flask, make: Any
) -> None:
    key = requester.post("/api-keys", {"name": "script"}).json
    script = make.Requester.of_token(web, requester.requester_id, key["secret"])
    assert script.get("/me").json["requester_id"] == requester.requester_id
    script.project()
    assert len(requester.get("/projects").json["items"]) == 1
    assert requester.delete(f"/api-keys/{key['key_id']}").status_code == 204
    assert requester.delete(f"/api-keys/{key['key_id']}").status_code == 204
    assert code(script.get("/me")) == (401, "not_signed_in")
    assert requester.get("/api-keys").json["items"] == []


def test_a_made_up_api_key_opens_nothing(web: Flask, make: Any) -> None:
    assert code(make.Requester.of_token(web, "req_1", "ck_made_up").get("/projects")) == (
        401,
        "not_signed_in",
    )


def test_a_browsers_session_cookie_is_good_for_the_api(requester: Any, web: Flask) -> None:
    client = web.test_client()
    client.set_cookie("cl_requester", requester.token, path="/api/tasks")
    assert client.get(f"{V1}/me").json["requester_id"] == requester.requester_id
    foreign = client.post(
        f"{V1}/api-keys", json={"name": "x"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert code(foreign) == (403, "cross_site_request")
