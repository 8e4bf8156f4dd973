"""A call takes effect once, however often it is sent, and whatever becomes of its process."""

import io

import pytest
from crowdloom.chassis.http.app import create_app
from crowdloom.chassis.http.idempotent import idempotent
from crowdloom.chassis.idempotency import (
    AnswerLost,
    IdempotencyStore,
    Request,
    RequestInFlight,
    StoredAnswer,
)
from crowdloom.kernel import DomainError
from flask import jsonify, request

CALL = Request("worker:wrk_1", "POST /api/x", "key-1", "fingerprint")
ANSWER = StoredAnswer(201, b'{"made": 1}', (("Content-Type", "application/json"),))


@pytest.fixture
def idempotency(store, clock):
    return IdempotencyStore(store.database, clock)


@pytest.fixture
def client(store, idempotency):
    """A service with one view that counts, and breaks where it is told to."""
    app, _ = create_app(
        __name__,
        area="tasks",
        title="Counting",
        sessions=None,
        idempotency=idempotency,
        checks={},
        secure_cookies=False,
    )

    @app.post("/api/tasks/v1/count")
    @idempotent
    def count():
        asked = request.get_json(silent=True) or {}
        if asked.get("refuse"):
            raise DomainError("The batch is over", batch_id="bat_1")
        if asked.get("break_before"):
            raise RuntimeError("before the effect")
        store.run(lambda session: session.count("bat_1"))
        if asked.get("break_after"):
            raise RuntimeError("after the effect")
        return jsonify(made=1), 201, {"Location": "/api/tasks/v1/count/1", "X-Other": "1"}

    @app.post("/api/tasks/v1/upload")
    @idempotent
    def upload():
        return jsonify(size=len(request.files["file"].read()))

    return app.test_client()


def post(client, key, path="/api/tasks/v1/count", **sent):
    return client.post(path, headers={"Idempotency-Key": key} if key else {}, **sent)


@pytest.mark.parametrize("key", ["", "x" * 300])
def test_a_call_without_a_usable_key_is_refused_and_told_how(client, counts, key):
    answer = post(client, key, json={})
    assert answer.status_code == 400
    assert answer.get_json()["code"] == "idempotency_key_missing"
    assert counts() == {}


def test_the_same_call_again_gets_the_same_answer_and_has_no_second_effect(client, counts):
    first, again = (post(client, "key-1", json={"a": 1}) for _ in range(2))
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert counts() == {"bat_1": 1}


def test_another_key_is_another_call(client, counts):
    for number in range(2):
        assert post(client, f"key-{number}", json={}).status_code == 201
    assert counts() == {"bat_1": 2}


def test_a_key_with_another_body_is_refused(client, counts):
    post(client, "key-1", json={"a": 1})
    answer = post(client, "key-1", json={"a": 2})
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "idempotency_key_reused"
    assert counts() == {"bat_1": 1}


def test_a_form_field_will_do_for_the_key_and_its_other_fields_are_the_body(client, counts):
    sent = [{"idempotency_key": "key-1", "a": value} for value in ("1", "1", "2")]
    statuses = [post(client, None, data=form).status_code for form in sent]
    assert statuses == [201, 201, 422]
    assert counts() == {"bat_1": 1}


def test_a_key_with_another_file_is_refused_and_the_view_reads_the_file_whole(client):
    def send(content):
        data = {"file": (io.BytesIO(content), "table.csv")}
        return post(client, "key-1", path="/api/tasks/v1/upload", data=data)

    assert send(b"a,b\n1,2\n").get_json() == {"size": 8}
    assert send(b"a,b\n1,2\n").headers["Idempotency-Replayed"] == "true"
    assert send(b"a,b\n1,3\n").status_code == 422


def test_a_refusal_is_replayed_as_well(client):
    first, again = (post(client, "key-1", json={"refuse": True}) for _ in range(2))
    assert first.status_code == again.status_code == 422
    assert first.get_json() == again.get_json()
    assert again.headers["Content-Type"] == "application/problem+json"


def test_a_failure_that_had_no_effect_can_be_sent_again(client, counts):
    assert post(client, "key-1", json={"break_before": True}).status_code == 500
    assert post(client, "key-1", json={"break_before": True}).status_code == 500
    assert post(client, "key-1", json={}).status_code == 201
    assert counts() == {"bat_1": 1}


def test_a_failure_after_the_effect_is_never_repeated(client, counts):
    assert post(client, "key-1", json={"break_after": True}).status_code == 500
    answer = post(client, "key-1", json={"break_after": True})
    assert answer.status_code == 409
    assert answer.get_json()["code"] == "answer_lost"
    assert counts() == {"bat_1": 1}


def test_a_call_that_is_being_worked_on_is_not_begun_again(idempotency):
    idempotency.begin(CALL)
    with pytest.raises(RequestInFlight):
        idempotency.begin(CALL)


def test_keys_of_other_callers_and_routes_do_not_meet(idempotency):
    idempotency.begin(CALL)
    for other in (
        Request("worker:wrk_2", CALL.route, CALL.key, CALL.fingerprint),
        Request(CALL.principal, "POST /api/y", CALL.key, CALL.fingerprint),
    ):
        assert not isinstance(idempotency.begin(other), StoredAnswer)


def test_a_call_whose_process_died_before_its_effect_is_taken_over(
    idempotency, store, clock, counts
):
    idempotency.begin(CALL)
    clock.advance(seconds=31)
    attempt = idempotency.begin(CALL)
    with pytest.raises(RequestInFlight):
        idempotency.begin(CALL)
    with idempotency.marking(attempt):
        store.run(lambda session: session.count("bat_1"))
    idempotency.complete(attempt, ANSWER)
    assert idempotency.begin(CALL) == ANSWER
    assert counts() == {"bat_1": 1}


def test_a_call_whose_process_died_after_its_effect_is_not_taken_over(
    idempotency, store, clock, counts
):
    attempt = idempotency.begin(CALL)
    with idempotency.marking(attempt):
        store.run(lambda session: session.count("bat_1"))
    clock.advance(seconds=3_600)
    with pytest.raises(AnswerLost):
        idempotency.begin(CALL)
    assert counts() == {"bat_1": 1}


def test_a_process_that_wakes_up_after_it_was_taken_over_changes_nothing(
    idempotency, store, clock, counts
):
    asleep = idempotency.begin(CALL)
    clock.advance(seconds=31)
    awake = idempotency.begin(CALL)
    with idempotency.marking(awake):
        store.run(lambda session: session.count("bat_1"))
    with idempotency.marking(asleep), pytest.raises(RequestInFlight):
        store.run(lambda session: session.count("bat_1"))
    idempotency.abandon(asleep)
    idempotency.complete(asleep, StoredAnswer(500, b"", ()))
    idempotency.complete(awake, ANSWER)
    assert counts() == {"bat_1": 1}
    assert idempotency.begin(CALL) == ANSWER
