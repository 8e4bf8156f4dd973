import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from crowdloom.testkit.ports import FrozenClock
from flask.testing import FlaskClient
from worker_service.bootstrap import Application

V1 = "/api/workers/v1"
Outbox = Callable[[], list[tuple[str, Any]]]


def register(api: FlaskClient, **body: Any) -> dict[str, Any]:
    answer = api.post(f"{V1}/workers", json=body)
    assert answer.status_code == 201, answer.json
    made: dict[str, Any] = answer.json
    return made


def bearer(session: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {session['token']}"}


def test_a_worker_is_made_without_saying_anything(api: FlaskClient, outbox: Outbox) -> None:
    made = register(api)
    assert made["worker_id"].startswith("wrk_")
    [(name, body)] = outbox()
    assert name == "worker.worker.registered.v1"
    assert body["worker_id"] == made["worker_id"]
    assert body["languages"] == []


def test_the_recovery_code_is_kept_nowhere(api: FlaskClient, application: Application) -> None:
    made = register(api)
    secret = made["recovery_code"].replace("-", "").lower()[:26]
    for name in application.database.list_collection_names():
        for document in application.database[name].find():
            assert secret not in str(document).lower().replace("-", "")


def test_the_recovery_code_opens_the_account_again(api: FlaskClient) -> None:
    made = register(api, languages=["en"])
    answer = api.post(f"{V1}/sessions", json={"recovery_code": made["recovery_code"].lower()})
    assert answer.status_code == 200
    me = api.get(f"{V1}/me", headers=bearer(answer.json))
    assert me.json["worker_id"] == made["worker_id"]
    assert me.json["languages"] == ["en"]


def test_another_services_key_does_not_matter_a_strange_token_is_refused(api: FlaskClient) -> None:
    answer = api.get(f"{V1}/me", headers={"Authorization": "Bearer nonsense"})
    assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")


def test_a_session_ends_after_thirty_days(api: FlaskClient, clock: FrozenClock) -> None:
    made = register(api)
    clock.advance(seconds=timedelta(days=29, hours=23).total_seconds())
    assert api.get(f"{V1}/me", headers=bearer(made)).status_code == 200
    clock.advance(seconds=timedelta(hours=2).total_seconds())
    assert api.get(f"{V1}/me", headers=bearer(made)).status_code == 401


def test_a_new_recovery_code_replaces_the_old_one(api: FlaskClient) -> None:
    made = register(api)
    fresh = api.post(f"{V1}/recovery-code", headers=bearer(made))
    assert fresh.status_code == 201
    old = api.post(f"{V1}/sessions", json={"recovery_code": made["recovery_code"]})
    assert (old.status_code, old.json["code"]) == (401, "recovery_code_unknown")
    new = api.post(f"{V1}/sessions", json={"recovery_code": fresh.json["recovery_code"]})
    assert new.json["worker_id"] == made["worker_id"]


def test_a_mistyped_recovery_code_is_told_apart(api: FlaskClient) -> None:
    answer = api.post(f"{V1}/sessions", json={"recovery_code": "hello"})
    assert (answer.status_code, answer.json["code"]) == (422, "recovery_code_mistyped")


def test_a_changed_profile_is_published_once(api: FlaskClient, outbox: Outbox) -> None:
    made = register(api)
    for _ in range(2):
        answer = api.patch(f"{V1}/me", json={"languages": ["fa", "en"]}, headers=bearer(made))
        assert answer.status_code == 200
    changes = [body for name, body in outbox() if name == "worker.profile.changed.v1"]
    assert [change["languages"] for change in changes] == [["fa", "en"]]


@pytest.mark.parametrize(
    "body",
    [{"languages": ["English please"]}, {"languages": "en"}, {"nickname": "x"}, {"languages": [1]}],
)
def test_a_bad_profile_is_refused(api: FlaskClient, body: dict[str, Any]) -> None:
    answer = api.post(f"{V1}/workers", json=body)
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_input")
    assert answer.json["errors"]


def test_one_address_can_make_so_many_accounts_an_hour(
    api: FlaskClient, clock: FrozenClock
) -> None:
    for _ in range(5):
        register(api)
    answer = api.post(f"{V1}/workers", json={})
    assert (answer.status_code, answer.json["code"]) == (429, "too_many_registrations")
    other = api.post(f"{V1}/workers", json={}, environ_base={"REMOTE_ADDR": "10.1.2.3"})
    assert other.status_code == 201
    clock.advance(seconds=3_600)
    register(api)


def test_addresses_are_kept_as_hashes_alone(api: FlaskClient, application: Application) -> None:
    api.post(f"{V1}/workers", json={}, environ_base={"REMOTE_ADDR": "10.1.2.3"})
    assert "10.1.2.3" not in str(list(application.database["registration_counts"].find()))


def test_without_a_token_there_is_no_me(api: FlaskClient) -> None:
    answer = api.get(f"{V1}/me")
    assert (answer.status_code, answer.json["code"]) == (401, "not_signed_in")


def test_the_api_describes_itself(api: FlaskClient) -> None:
    document = json.loads(api.get("/api/workers/openapi.json").data)
    assert {f"{V1}/workers", f"{V1}/sessions", f"{V1}/me", f"{V1}/work"} <= set(document["paths"])


def test_the_service_is_ready_once_its_events_process_is_heard_of(
    api: FlaskClient, application: Application
) -> None:
    assert list(api.get("/api/workers/readyz").json["failing"]) == ["events"]
    application.database["process_status"].insert_one({"seen_at": application.clock.now()})
    assert api.get("/api/workers/readyz").status_code == 200
