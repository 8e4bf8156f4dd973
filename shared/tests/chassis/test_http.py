"""What every answer of every service has in common."""

from datetime import timedelta

import pytest
from crowdloom.chassis.http.app import create_app
from crowdloom.chassis.http.auth import require, set_session_cookies
from crowdloom.chassis.http.headers import PAGE_POLICY
from crowdloom.chassis.idempotency import IdempotencyStore
from crowdloom.chassis.tokens import (
    SESSION_AUDIENCE,
    Principal,
    Sessions,
    TokenSigner,
    TokenVerifier,
    new_signing_key,
)
from crowdloom.kernel import DomainError, TransientError
from crowdloom.kernel.errors import InvalidInput
from flask import Response, abort, jsonify

PRIVATE_KEY, PUBLIC_KEY = new_signing_key()
SERVICE = "task-service"
REQUESTER = Principal("requester", "req_1", name="Fir")
HOUR = timedelta(hours=1)
PROBLEM_MEMBERS = {"type", "title", "status", "code", "detail"}


class OneKey:
    """A service that has given one API key away."""

    def principal_of(self, api_key):
        return REQUESTER if api_key == "ck_good" else None


@pytest.fixture
def sessions(clock):
    def part(cls, **options):
        return cls(audience=SESSION_AUDIENCE, clock=clock, **options)

    return Sessions(
        signer=part(TokenSigner, issuer=SERVICE, private_key=PRIVATE_KEY),
        verifier=part(
            TokenVerifier, public_keys={SERVICE: PUBLIC_KEY, "payment-service": PUBLIC_KEY}
        ),
        clock=clock,
    )


@pytest.fixture
def client(store, clock, sessions):
    app, _ = create_app(
        __name__,
        area="tasks",
        title="Small",
        sessions=sessions,
        idempotency=IdempotencyStore(store.database, clock),
        checks={"mongodb": lambda: None},
        secure_cookies=True,
        api_keys=OneKey(),
    )
    add_views(app)
    return app.test_client()


def add_views(app):
    errors = {
        "refused": DomainError("The batch is over", batch_id="bat_1"),
        "invalid": InvalidInput("Not like that", errors={"title": ["Too long."]}),
        "away": TransientError("mongodb://secret-host is away"),
        "bug": RuntimeError("password=hunter2"),
    }

    @app.get("/api/tasks/v1/fails/<how>")
    def fails(how):
        raise errors[how]

    @app.get("/api/tasks/v1/aborts/<int:status>")
    def aborts(status):
        abort(status)

    @app.route("/api/tasks/v1/thing", methods=["GET", "PUT"])
    def thing():
        return jsonify(ok=True)

    @app.post("/api/tasks/v1/change")
    @app.post("/webhooks/stripe")
    def change():
        return jsonify(changed=True)

    @app.get("/requester/own")
    @app.get("/api/tasks/v1/own")
    @require("requester")
    def own():
        return jsonify(mine=True)

    @app.get("/api/tasks/operations/v1/books")
    @require("staff", "finance.view")
    def books():
        return jsonify(open=True)

    @app.get("/requester/page")
    def page():
        return "<h1>Hello</h1>"

    @app.get("/requester/frame")
    def frame():
        return Response("<h1>Theirs</h1>", headers={"Content-Security-Policy": "sandbox"})

    @app.get("/requester/signed-in")
    def signed_in():
        answer = jsonify(ok=True)
        set_session_cookies(answer, role="requester", token="t", lifetime=HOUR)
        return answer


def is_problem(answer, status, code):
    document = answer.get_json()
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(document) >= PROBLEM_MEMBERS
    assert (document["status"], document["code"]) == (status, code)
    assert document["type"].endswith(f"/problems/{code}")
    return document


def test_an_unknown_path_is_a_problem_too(client):
    is_problem(client.get("/api/tasks/v1/no-such-thing"), 404, "not_found")
    is_problem(client.get("/no-such-page"), 404, "not_found")


def test_a_method_that_is_not_there_says_which_are(client):
    answer = client.delete("/api/tasks/v1/thing")
    is_problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "PUT", "HEAD", "OPTIONS"}


def test_a_refusal_carries_its_code_and_its_facts(client):
    document = is_problem(client.get("/api/tasks/v1/fails/refused"), 422, "refused")
    assert document["detail"] == "The batch is over"
    assert document["batch_id"] == "bat_1"


def test_invalid_input_names_each_field(client):
    document = is_problem(client.get("/api/tasks/v1/fails/invalid"), 422, "invalid_input")
    assert document["errors"] == {"title": ["Too long."]}


def test_an_engine_that_is_away_is_told_as_try_again_and_not_by_name(client):
    answer = client.get("/api/tasks/v1/fails/away")
    is_problem(answer, 503, "try_again")
    assert int(answer.headers["Retry-After"]) >= 1
    assert "secret-host" not in answer.text


def test_a_bug_tells_the_caller_nothing(client):
    answer = client.get("/api/tasks/v1/fails/bug")
    is_problem(answer, 500, "internal_error")
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 415, 429])
def test_every_http_error_is_a_problem_with_a_code(client, status):
    document = client.get(f"/api/tasks/v1/aborts/{status}").get_json()
    assert document["status"] == status
    assert document["code"] != "error"


@pytest.mark.parametrize(
    "path", ["/api/tasks/v1/thing", "/requester/page", "/no-such", "/api/tasks/v1/fails/bug"]
)
def test_every_answer_has_the_security_headers(client, path):
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "camera=()" in headers["Permissions-Policy"]


def test_a_page_has_the_policy_of_pages_unless_it_brings_its_own(client):
    assert client.get("/requester/page").headers["Content-Security-Policy"] == PAGE_POLICY
    assert client.get("/requester/frame").headers["Content-Security-Policy"] == "sandbox"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_change_that_another_site_sends_is_refused(client, site):
    answer = client.post("/api/tasks/v1/change", headers={"Sec-Fetch-Site": site})
    is_problem(answer, 403, "cross_site_request")


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:81", "null"])
def test_a_change_from_another_origin_is_refused(client, origin):
    answer = client.post("/api/tasks/v1/change", headers={"Origin": origin})
    is_problem(answer, 403, "cross_site_request")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer ck_good"},
    ],
)
def test_our_own_pages_scripts_and_keys_may_change_things(client, headers):
    assert client.post("/api/tasks/v1/change", headers=headers).status_code == 200


def test_reading_and_webhooks_may_come_from_anywhere(client):
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://stripe.example"}
    assert client.get("/api/tasks/v1/thing", headers=elsewhere).status_code == 200
    assert client.post("/webhooks/stripe", headers=elsewhere).status_code == 200


def bearer(sessions, principal):
    return {"Authorization": f"Bearer {sessions.issue(principal, lifetime=HOUR)}"}


def test_a_session_or_an_api_key_lets_its_owner_in(client, sessions):
    own = "/api/tasks/v1/own"
    assert client.get(own, headers=bearer(sessions, REQUESTER)).status_code == 200
    assert client.get(own, headers={"Authorization": "Bearer ck_good"}).status_code == 200
    client.set_cookie("cl_requester", sessions.issue(REQUESTER, lifetime=HOUR))
    assert client.get(own).status_code == 200


@pytest.mark.parametrize("token", [None, "ck_revoked", "rubbish", "a.b.c"])
def test_whoever_cannot_be_told_is_not_let_in(client, token):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    assert client.get("/api/tasks/v1/own", headers=headers).status_code == 401


def test_an_api_key_that_opens_nothing_is_told_why(client, store, clock, sessions):
    revoked = client.get("/api/tasks/v1/own", headers={"Authorization": "Bearer ck_revoked"})
    assert (revoked.json["code"], "revoked" in revoked.json["detail"]) == ("not_signed_in", True)
    app, _ = create_app(
        __name__,
        area="tasks",
        title="Without keys",
        sessions=sessions,
        idempotency=IdempotencyStore(store.database, clock),
        checks={},
        secure_cookies=True,
    )
    add_views(app)
    headers = {"Authorization": "Bearer ck_good"}
    elsewhere = app.test_client().get("/api/tasks/v1/own", headers=headers)
    assert (elsewhere.status_code, "API keys open" in elsewhere.json["detail"]) == (401, True)


def test_a_session_that_is_over_leads_a_person_to_sign_in_and_a_script_to_a_401(
    client, sessions, clock
):
    client.set_cookie("cl_requester", sessions.issue(REQUESTER, lifetime=HOUR))
    clock.advance(seconds=3_601)
    assert client.get("/api/tasks/v1/own").status_code == 401
    page = client.get("/requester/own?a=1&b=//2", headers={"Accept": "text/html"})
    assert page.status_code == 302
    assert page.location == "/requester/sign-in?next=/requester/own%3Fa%3D1%26b%3D//2"
    part = {"Accept": "text/html", "HX-Request": "true"}
    assert client.get("/requester/own", headers=part).status_code == 401


def test_another_role_or_a_lesser_right_is_not_allowed(client, sessions):
    books = "/api/tasks/operations/v1/books"
    sessions.ISSUER_OF_ROLE = {**Sessions.ISSUER_OF_ROLE, "staff": SERVICE}
    is_problem(client.get(books, headers=bearer(sessions, REQUESTER)), 403, "not_allowed")
    clerk = Principal("staff", "stf_1", frozenset({"finance.maker"}))
    is_problem(client.get(books, headers=bearer(sessions, clerk)), 403, "not_allowed")
    auditor = Principal("staff", "stf_1", frozenset({"finance.view"}))
    assert client.get(books, headers=bearer(sessions, auditor)).status_code == 200


def test_session_cookies_are_out_of_reach_of_scripts_and_of_other_paths(client):
    cookies = client.get("/requester/signed-in").headers.getlist("Set-Cookie")
    assert len(cookies) == 5
    for cookie in cookies:
        assert {"HttpOnly", "SameSite=Lax", "Secure"} <= set(cookie.split("; "))
        assert "Path=/;" not in cookie


def test_a_request_keeps_its_id_or_gets_one(client):
    sent = client.get("/api/tasks/v1/thing", headers={"X-Request-Id": "mine-1"})
    assert sent.headers["X-Request-Id"] == "mine-1"
    for unusable in ("x" * 200, "a\tb"):
        headers = {"X-Request-Id": unusable}
        given = client.get("/api/tasks/v1/thing", headers=headers).headers["X-Request-Id"]
        assert given not in ("", unusable)


def test_it_lives_is_ready_and_documents_itself(client):
    assert client.get("/api/tasks/healthz").get_json() == {"status": "alive"}
    assert client.get("/api/tasks/readyz").status_code == 200
    assert client.get("/api/tasks/openapi.json").get_json()["openapi"].startswith("3.1")
