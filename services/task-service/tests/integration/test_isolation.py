"""Two requesters: nothing of the one can be seen, changed or guessed at by the other."""

from typing import Any

import pytest
from flask import Flask

V1 = "/api/tasks/v1"
# Routes that no owner can be named of: they make or list what is the caller's own.
OWN = {
    "/requesters",
    "/sessions",
    "/me",
    "/api-keys",
    "/projects",
}
BODIES = {
    "/submissions/<submission_id>/reject": {"reason": "Mine now."},
    "/projects/<project_id>/batches": {"reward": {"amount_minor": 5, "currency": "USD"}},
    "/batches/<batch_id>/reviews": {
        "decisions": [{"submission_id": "SUBMISSION", "decision": "accept"}]
    },
    "/batches/<batch_id>/tasks": {"records": [{"sentence": "Mine."}]},
}


def routes(web: Flask) -> list[tuple[str, str]]:
    """(method, path below the prefix) of all that a requester may call."""
    return sorted(
        (method, rule.rule.removeprefix(V1))
        for rule in web.url_map.iter_rules()
        if rule.rule.startswith(V1) and "/assignments/" not in rule.rule
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    )


@pytest.fixture
def ids(requester: Any, open_batch: Any, hand_out: Any) -> dict[str, str]:
    batch = open_batch(requester)
    receipt = hand_out(requester, batch).submit().json
    key = requester.post("/api-keys", {"name": "mine"}).json
    return {
        "<project_id>": batch["project_id"],
        "<batch_id>": batch["batch_id"],
        "<submission_id>": receipt["submission_id"],
        "<key_id>": key["key_id"],
    }


def call(person: Any, method: str, path: str, body: Any) -> Any:
    if method == "GET":
        return person.get(path)
    return person.delete(path) if method == "DELETE" else person.post(path, body)


def test_on_every_route_somebody_elses_is_as_unknown_as_nobodys(
    web: Flask, ids: dict[str, str], stranger: Any, state: Any
) -> None:
    before = state()
    tried = 0
    for method, route in routes(web):
        if route in OWN:
            continue
        answers = []
        for value in (ids, dict.fromkeys(ids, "xyz_unknown")):
            path = route
            for name, one in value.items():
                path = path.replace(name, one)
            body = BODIES.get(route)
            if body and "decisions" in body:
                body = {
                    "decisions": [{"submission_id": ids["<submission_id>"], "decision": "accept"}]
                }
            answers.append(call(stranger, method, path, body))
        for answer in answers:
            assert (answer.status_code, answer.json["code"]) == (404, "not_found"), (method, route)
        foreign, unknown = ({**answer.json} for answer in answers)
        assert foreign["detail"] == unknown["detail"], (method, route)
        tried += 1
    assert tried >= 15
    assert state() == before


def test_every_route_wants_a_sign_in(web: Flask, ids: dict[str, str], state: Any) -> None:
    before = state()
    client = web.test_client()
    for method, route in routes(web):
        if route in ("/requesters", "/sessions"):
            continue
        path = route
        for name, one in ids.items():
            path = path.replace(name, one)
        answer = client.open(V1 + path, method=method, json={})
        assert (answer.status_code, answer.json["code"]) == (401, "not_signed_in"), (method, route)
    assert state() == before


def test_lists_hold_ones_own_alone(requester: Any, stranger: Any, ids: dict[str, str]) -> None:
    assert stranger.get("/projects").json["items"] == []
    assert stranger.get("/api-keys").json["items"] == []
    [project] = requester.get("/projects").json["items"]
    assert project["project_id"] == ids["<project_id>"]


def test_a_strangers_submission_is_not_decided_within_ones_own_batch(
    stranger: Any, ids: dict[str, str], open_batch: Any, state: Any
) -> None:
    own = open_batch(stranger)
    before = state()
    decisions = [{"submission_id": ids["<submission_id>"], "decision": "accept"}]
    refusal = stranger.post(f"/batches/{own['batch_id']}/reviews", {"decisions": decisions})
    assert (refusal.status_code, refusal.json["code"]) == (404, "not_found")
    assert state() == before
