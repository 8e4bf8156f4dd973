import json
from pathlib import Path

import pytest
from crowdloom.contracts import Cause, all_event_types, envelope_of, event_type, read_message
from crowdloom.contracts.catalogue import stale_files
from crowdloom.kernel import PoisonMessage, SystemClock

EXAMPLES = Path(__file__).parents[3] / "docs" / "events" / "examples"
IDS = [known.name for known in all_event_types()]


@pytest.mark.parametrize("known", all_event_types(), ids=IDS)
def test_an_example_reads_and_writes_back_the_same(known):
    event = known.from_body(known.example)
    assert known.to_body(event) == dict(known.example)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_every_stored_example_is_read_by_the_code_of_today(path: Path):
    known = event_type(path.stem)
    assert isinstance(known.from_body(json.loads(path.read_text())), known.cls)


@pytest.mark.parametrize("known", all_event_types(), ids=IDS)
def test_an_event_travels_as_headers_and_body_and_arrives_equal(known):
    envelope = envelope_of(
        known.from_body(known.example),
        event_id="evt_1",
        occurred_at=SystemClock().now(),
        cause=Cause("request-1", "evt_0", "00-abc-def-01"),
    )
    assert read_message(envelope.headers(), envelope.body()) == envelope


@pytest.mark.parametrize("known", all_event_types(), ids=IDS)
def test_a_field_of_tomorrow_is_ignored_today(known):
    assert known.from_body({**known.example, "of_tomorrow": 1}) == known.from_body(known.example)


@pytest.mark.parametrize("known", all_event_types(), ids=IDS)
def test_names_say_owner_and_major_version(known):
    assert known.name.startswith(known.owner.removesuffix("-service") + ".")
    assert known.name.endswith(".v1")
    assert known.key in known.example


def test_nothing_that_task_service_publishes_names_a_worker():
    for known in all_event_types():
        if known.owner == "task-service" or not known.pii:
            assert "worker_id" not in json.dumps(dict(known.example))
    assert event_type("matching.assignment.claimed.v1").pii


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((), b"{}"),
        ((("ce_type", b"task.batch.paused.v1"),), b"{}"),
        ((("ce_type", b"no.such.event.v1"), ("ce_id", b"1"), ("ce_subject", b"k")), b"{}"),
        (
            (
                ("ce_type", b"task.batch.paused.v1"),
                ("ce_id", b"1"),
                ("ce_subject", b"k"),
                ("ce_time", b"2026-01-01T00:00:00Z"),
            ),
            b"\xff",
        ),
        (
            (
                ("ce_type", b"task.batch.paused.v1"),
                ("ce_id", b"1"),
                ("ce_subject", b"k"),
                ("ce_time", b"2026-01-01T00:00:00Z"),
            ),
            b"[" * 50_000,
        ),
        (
            (
                ("ce_type", b"task.batch.paused.v1"),
                ("ce_id", b"1"),
                ("ce_subject", b"k"),
                ("ce_time", b"2026-01-01T00:00:00Z"),
            ),
            b"{}",
        ),
    ],
)
def test_a_malformed_message_is_poison(headers, body):
    with pytest.raises(PoisonMessage):
        read_message(headers, body)


def test_catalogue_asyncapi_and_examples_are_fresh():
    assert [str(path) for path in stale_files()] == []
