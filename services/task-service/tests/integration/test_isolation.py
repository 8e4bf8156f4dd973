"""Two requesters: nothing of the one can be seen, changed or guessed at by the other.

The routes come from the application and the bodies from its OpenAPI document, so that a route
that is added tomorrow is tried as well, or fails here because nobody said what its address names.
"""

import hashlib
import itertools
import re
from dataclasses import dataclass
from typing import Any

import pytest
from crowdloom.contracts.task import BatchCompleted
from crowdloom.testkit.ports import BEGINNING
from flask import Flask
from werkzeug.routing import Rule

V1 = "/api/tasks/v1"
AREAS = (V1, "/requester")
# What stands in an address without being anybody's: it is the same for everyone.
PLAIN = {"kind": "tidy", "number": "1", "filename": "requester.css", "name": "classification"}
# Asked for with a ticket instead of a sign-in (see test_answers.py, test_frame.py), or static.
NOBODYS = (f"{V1}/assignments/", "/requester/static/")
_keys = itertools.count(1)


@dataclass(frozen=True)
class Route:
    method: str
    rule: Rule

    @property
    def names(self) -> list[str]:
        """Of the ids in the address."""
        return sorted(name for name in self.rule.arguments if name not in PLAIN)

    def path(self, ids: dict[str, str]) -> str:
        values = {**PLAIN, **ids}
        unknown = self.rule.arguments - values.keys()
        assert not unknown, f"{self.rule.rule}: say in this test whose {unknown} is"
        return re.sub(r"<(?:[^<>:]+:)?(\w+)>", lambda found: values[found[1]], self.rule.rule)

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule}"


def routes_with_ids(web: Flask) -> list[Route]:
    found = [
        Route(method, rule)
        for rule in web.url_map.iter_rules()
        if rule.rule.startswith(AREAS) and not rule.rule.startswith(NOBODYS)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    ]
    return sorted((route for route in found if route.names), key=str)


def belongings(
    requester: Any, open_batch: Any, hand_out: Any, tell: Any, assignment: int
) -> dict[str, str]:
    batch = open_batch(requester)
    receipt = hand_out(requester, batch, assignment=assignment).submit().json
    key = requester.post("/api-keys", {"name": "mine"}).json
    webhook = requester.post("/webhooks", {"url": "https://example.org/hook"}).json
    tell(BatchCompleted(batch["batch_id"], requester.requester_id, BEGINNING))
    log = requester.get(f"/webhooks/{webhook['webhook_id']}/deliveries").json["items"]
    note = {"role": "viewer", "note": "Ann"}
    invited, invitation = (requester.post("/team/invitations", note).json for _ in range(2))
    member = requester.sign_up(
        requester.api.application, email=f"member{assignment}@example.org", name="Ann"
    )
    assert member.post("/teams/join", {"code": invited["code"]}).status_code == 201
    qualification = {"name": "Trees", "description": "Trees."}
    own = requester.post("/qualifications", qualification).json
    said = requester.post(f"/batches/{batch['batch_id']}/talk", {"text": "Welcome."}).json
    book = f"The book of {assignment}.".encode()
    draft = requester.batch(batch["project_id"])
    requester.post(f"/batches/{draft['batch_id']}/source?by=sentence", data=book)
    project = f"/requester/projects/{batch['project_id']}/edit"
    form = {"idempotency_key": f"edit-{next(_keys)}"}
    begun = requester.api.post(project, data=form, headers=requester.headers).location
    return {
        "draft_id": begun.rpartition("/")[2],
        "project_id": batch["project_id"],
        "batch_id": batch["batch_id"],
        "submission_id": receipt["submission_id"],
        "key_id": key["key_id"],
        "webhook_id": webhook["webhook_id"],
        "delivery_id": log[0]["delivery_id"],
        "qualification_id": own["qualification_id"],
        "message_id": said["message_id"],
        "upload_id": requester.post("/uploads", {"name": "a.csv", "size": 9}).json["upload_id"],
        "invitation_id": invitation["invitation_id"],
        "person_id": member.requester_id,
        "team_id": requester.requester_id,
        "digest": hashlib.sha256(book).hexdigest(),
    }


@pytest.fixture
def ids(requester: Any, open_batch: Any, hand_out: Any, tell: Any) -> dict[str, str]:
    return belongings(requester, open_batch, hand_out, tell, 1)


@pytest.fixture
def own_ids(stranger: Any, open_batch: Any, hand_out: Any, tell: Any) -> dict[str, str]:
    return belongings(stranger, open_batch, hand_out, tell, 2)


@pytest.fixture
def document(web: Flask) -> dict[str, Any]:
    return web.test_client().get("/api/tasks/openapi.json").json  # type: ignore[no-any-return]


def least(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """The smallest value that a schema of the document describes."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return least(document["components"]["schemas"][name], document)
    if "allOf" in schema:
        return least(schema["allOf"][0], document)
    if "example" in schema or "enum" in schema:
        return schema.get("example", (schema.get("enum") or [None])[0])
    kind = schema.get("type")
    if kind == "object":
        parts = schema.get("properties", {})
        return {name: least(parts[name], document) for name in schema.get("required", [])}
    if kind == "array":
        return [least(schema["items"], document)]
    return {"integer": 1, "number": 1, "boolean": True}.get(str(kind), "Mine now.")


def body_of(route: Route, document: dict[str, Any]) -> Any:
    path = re.sub(r"<(?:[^<>:]+:)?(\w+)>", r"{\1}", route.rule.rule)
    operation = document["paths"][path][route.method.lower()]
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return least(schema, document) if schema else {}


def call(client: Any, route: Route, path: str, document: dict[str, Any], **headers: str) -> Any:
    key = f"isolation-{next(_keys)}"
    if not path.startswith(V1):
        headers = {"Accept": "application/json", **headers}
        return client.open(
            path, method=route.method, data={"idempotency_key": key}, headers=headers
        )
    body = None if route.method == "GET" else body_of(route, document)
    headers = {"Idempotency-Key": key, **headers}
    return client.open(path, method=route.method, json=body, headers=headers)


def tries(
    routes: list[Route], ids: dict[str, str], own_ids: dict[str, str]
) -> list[tuple[Route, str, str]]:
    """Each route with the other's ids in all places, and in each place among one's own; with the
    same address where nobody's id stands instead.
    """
    nobodys = dict.fromkeys(ids, "xyz_unknown")
    found = []
    for route in routes:
        route.path(ids)  # whatever it names is known here
        for name in route.names:
            foreign, unknown = ({**own_ids, name: one[name]} for one in (ids, nobodys))
            found.append((route, route.path(foreign), route.path(unknown)))
        found.append((route, route.path(ids), route.path(nobodys)))
    return found


@pytest.mark.parametrize("way", ["session", "api key", "cookie"])
def test_on_every_route_somebody_elses_is_as_unknown_as_nobodys(
    web: Flask,
    ids: dict[str, str],
    own_ids: dict[str, str],
    stranger: Any,
    state: Any,
    document: dict[str, Any],
    way: str,
) -> None:
    client = web.test_client(use_cookies=way == "cookie")
    secret = stranger.post("/api-keys", {"name": "script"}).json["secret"]
    token = secret if way == "api key" else stranger.token
    if way == "cookie":
        for area in ("/requester", "/api/tasks"):
            client.set_cookie("cl_requester", token, path=area)
    headers = {} if way == "cookie" else {"Authorization": f"Bearer {token}"}
    before = without_use(state())
    tried = tries(routes_with_ids(web), ids, own_ids)
    for route, path, nobodys in tried:
        answers = [call(client, route, one, document, **headers) for one in (path, nobodys)]
        for answer in answers:
            assert answer.status_code == 404, (str(route), path, answer.text)
        foreign, unknown = (answer.json for answer in answers)
        assert (foreign["code"], foreign["detail"]) == (unknown["code"], unknown["detail"]), path
    assert len(tried) >= 30
    assert without_use(state()) == before


def without_use(state: dict[str, Any]) -> dict[str, Any]:
    """When a key was last used is noted with every call, whatever becomes of it."""
    keys = [
        {name: value for name, value in row.items() if name != "last_used_at"}
        for row in state.get("api_keys", [])
    ]
    return {**state, "api_keys": keys}


def test_every_route_wants_a_sign_in(
    web: Flask, ids: dict[str, str], state: Any, document: dict[str, Any]
) -> None:
    before = state()
    client = web.test_client()
    for route in routes_with_ids(web):
        answer = call(client, route, route.path(ids), document)
        assert answer.status_code in (302, 401), str(route)
        if answer.status_code == 401:
            assert answer.json["code"] == "not_signed_in"
        else:
            assert answer.location.startswith("/requester/sign-in")
    assert state() == before


def test_lists_hold_ones_own_alone(requester: Any, stranger: Any, ids: dict[str, str]) -> None:
    assert stranger.get("/projects").json["items"] == []
    assert stranger.get("/api-keys").json["items"] == []
    [project] = requester.get("/projects").json["items"]
    assert project["project_id"] == ids["project_id"]


def test_a_strangers_submission_is_not_decided_within_ones_own_batch(
    stranger: Any, ids: dict[str, str], own_ids: dict[str, str], state: Any
) -> None:
    before = state()
    decisions = [{"submission_id": ids["submission_id"], "decision": "accept"}]
    refusal = stranger.post(f"/batches/{own_ids['batch_id']}/reviews", {"decisions": decisions})
    assert (refusal.status_code, refusal.json["code"]) == (404, "not_found")
    assert state() == before
