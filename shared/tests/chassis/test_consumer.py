"""The consumer loop: each event takes effect once, in order per partition, and nothing is lost."""

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from crowdloom.chassis import consumer as consumer_module
from crowdloom.chassis.bus import BusMessage
from crowdloom.chassis.consumer import ConsumerLoop, TooManyDeadLetters
from crowdloom.chassis.context import current_cause
from crowdloom.chassis.dead_letters import DeadLetters
from crowdloom.chassis.relay import Relay
from crowdloom.chassis.store import INBOX, OUTBOX
from crowdloom.contracts import Cause, envelope_of
from crowdloom.contracts.task import BatchPaused, BatchResumed, LogAdvanced
from crowdloom.kernel import DomainError, PoisonMessage, TransientError
from crowdloom.testkit.memory_bus import MemoryConsumer, MemoryProducer
from crowdloom.testkit.ports import SequentialIds
from pymongo.errors import AutoReconnect

TOPIC = "task.lifecycle"
GROUP = "counting-service"


@pytest.fixture(autouse=True)
def _patience(monkeypatch):
    """A handler that fails is tried again at once."""
    monkeypatch.setattr(consumer_module, "_BACK_OFF_SECONDS", 0.0)
    monkeypatch.setattr(consumer_module, "_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(consumer_module, "_REPLAY_SECONDS", 0.0)


@pytest.fixture
def publish(broker, clock):
    """Put a pause of a batch on the bus; returns the message."""
    producer = MemoryProducer(broker)
    producer.ensure_topics([TOPIC])

    def put(batch, *, event_id=None, partition=0, event=None, value=None):
        put.number += 1
        envelope = envelope_of(
            event or BatchPaused(batch),
            event_id=event_id or f"evt_{put.number:03}",
            occurred_at=clock.now(),
            cause=Cause("request-1"),
        )
        body = envelope.body() if value is None else value
        message = BusMessage(TOPIC, envelope.key, body, envelope.headers(), partition)
        producer.publish([message])
        return message

    put.number = 0
    return put


@pytest.fixture
def make_loop(store, broker, clock):
    def make(
        handler: Callable | None = None, *, dead_letters=None, on_watermark=None
    ) -> ConsumerLoop:
        def count(envelope, session):
            session.count(envelope.key)

        return ConsumerLoop(
            consumer=MemoryConsumer(broker, group=GROUP, topics=[TOPIC]),
            store=store,
            subscriptions={BatchPaused: handler or count},
            dead_letters=dead_letters or DeadLetters(store.database, clock),
            on_watermark=on_watermark,
        )

    return make


def turn(loop, times=1):
    for _ in range(times):
        loop.run_once(timeout_seconds=0)


def letters(store):
    return list(store.database["dead_letters"].find())


def inbox(store):
    return {row["_id"] for row in store.database[INBOX].find()}


def test_an_event_takes_effect_and_is_noted(publish, make_loop, counts, store, broker):
    publish("bat_1", event_id="evt_1")
    turn(make_loop())
    assert counts() == {"bat_1": 1}
    assert inbox(store) == {"evt_1"}
    assert broker.committed[(GROUP, (TOPIC, 0))] == 1


def test_a_duplicate_changes_nothing_in_one_poll_or_in_the_next(publish, make_loop, counts):
    loop = make_loop()
    for _ in range(2):
        for _ in range(3):
            publish("bat_1", event_id="evt_1")
        turn(loop)
    assert counts() == {"bat_1": 1}


def test_what_was_handled_and_not_committed_changes_nothing_when_it_comes_again(
    publish, make_loop, counts, broker
):
    publish("bat_1")
    turn(make_loop())
    broker.committed.clear()  # as if the process had died between effect and commit
    turn(make_loop())
    assert counts() == {"bat_1": 1}


def test_effect_and_note_commit_together_or_not_at_all(publish, make_loop, counts, store):
    def fails_at_first(envelope, session):
        session.count(envelope.key)
        if not failed:
            failed.append(True)
            assert inbox(store) == set(), "the note is not to be seen before the effect"
            raise RuntimeError("the process stumbles after its effect")

    failed: list[bool] = []
    publish("bat_1")
    turn(make_loop(fails_at_first))
    assert counts() == {"bat_1": 1}
    assert len(inbox(store)) == 1
    assert letters(store) == []


def test_an_expected_refusal_counts_as_handled_and_leaves_no_effect(
    publish, make_loop, counts, store, broker
):
    def refuses(envelope, session):
        session.count(envelope.key)
        if envelope.key == "bat_1":
            raise DomainError("the batch is over")

    publish("bat_1", event_id="evt_1")
    publish("bat_2", event_id="evt_2")
    turn(make_loop(refuses))
    assert counts() == {"bat_2": 1}
    assert inbox(store) == {"evt_1", "evt_2"}
    assert letters(store) == []
    assert broker.committed[(GROUP, (TOPIC, 0))] == 2


@pytest.mark.parametrize("value", [b"{}", b"{", b"\xff\xfe", b"[1]", b""])
def test_an_unreadable_message_is_kept_with_its_bytes_and_stops_nobody(
    publish, make_loop, counts, store, value
):
    publish("bat_1")
    publish("bat_2", value=value)
    publish("bat_3")
    turn(make_loop())
    assert counts() == {"bat_1": 1, "bat_3": 1}
    [letter] = letters(store)
    assert bytes(letter["value"]) == value
    assert (letter["topic"], letter["partition"], letter["offset"]) == (TOPIC, 0, 1)
    assert letter["reason"]


@pytest.mark.parametrize("error", [RuntimeError("a bug"), PoisonMessage("never")])
def test_what_keeps_failing_is_buried_and_replayed_once_it_can_be_handled(
    publish, make_loop, counts, store, clock, error
):
    def handle(envelope, session):
        session.count(envelope.key)
        if broken and envelope.key == "bat_1":
            raise error

    broken = [True]
    publish("bat_1")
    publish("bat_2")
    loop = make_loop(handle)
    turn(loop)
    assert counts() == {"bat_2": 1}
    [letter] = letters(store)
    assert letter["state"] == "open"

    dead_letters = DeadLetters(store.database, clock)
    dead_letters.request_replay(letter["_id"], asked_by="stf_1")
    turn(loop)
    assert letters(store)[0]["state"] == "open", "it still fails, and is kept"
    broken.clear()
    dead_letters.request_replay(letter["_id"], asked_by="stf_1")
    turn(loop, times=2)
    assert letters(store)[0]["state"] == "replayed"
    assert counts() == {"bat_1": 1, "bat_2": 1}


def test_too_many_dead_letters_stop_the_consumer(publish, make_loop, monkeypatch, broker):
    monkeypatch.setattr(consumer_module, "DEAD_LETTERS_MAX", 3)
    for number in range(10):
        publish(f"bat_{number}", value=b"{%d" % number)
    with pytest.raises(TooManyDeadLetters):
        make_loop().run(threading.Event())
    assert (GROUP, (TOPIC, 0)) not in broker.committed, "nothing is taken for handled"


def test_one_partition_waits_while_others_go_on_and_keeps_its_order(
    publish, make_loop, counts, store, broker
):
    def waits(envelope, session):
        if away and envelope.key == "bat_1":
            raise TransientError("a fact is missing")
        seen.append(envelope.key)
        session.count(envelope.key)

    away, seen = [True], []
    publish("bat_1", partition=0)
    publish("bat_2", partition=0)
    publish("bat_3", partition=1)
    loop = make_loop(waits)
    turn(loop)
    assert counts() == {"bat_3": 1}
    assert (GROUP, (TOPIC, 0)) not in broker.committed
    publish("bat_4", partition=1)
    turn(loop)
    assert counts() == {"bat_3": 1, "bat_4": 1}
    away.clear()
    turn(loop, times=2)
    assert counts() == {"bat_1": 1, "bat_2": 1, "bat_3": 1, "bat_4": 1}
    assert [key for key in dict.fromkeys(seen) if key in ("bat_1", "bat_2")] == ["bat_1", "bat_2"]
    assert letters(store) == []


def test_what_stands_before_the_event_that_waits_is_not_handled_again(
    publish, make_loop, counts, broker
):
    def waits(envelope, session):
        if envelope.key == "bat_2":
            raise TransientError("a fact is missing")
        session.count(envelope.key)

    publish("bat_1")
    publish("bat_2")
    turn(make_loop(waits))
    assert counts() == {"bat_1": 1}
    assert broker.committed[(GROUP, (TOPIC, 0))] == 1


class AwayForAWhile(DeadLetters):
    """Kept in a database that is away until told otherwise."""

    away = True

    def bury(self, message, reason):
        if self.away:
            raise AutoReconnect("the primary steps down")
        return super().bury(message, reason)


def test_what_was_polled_is_polled_again_when_a_letter_could_not_be_kept(
    publish, make_loop, counts, store, clock
):
    publish("bat_1", partition=0, value=b"{")
    publish("bat_2", partition=0)
    publish("bat_3", partition=1)
    dead_letters = AwayForAWhile(store.database, clock)
    loop = make_loop(dead_letters=dead_letters)
    with pytest.raises(AutoReconnect):
        turn(loop)
    dead_letters.away = False
    turn(loop)
    assert counts() == {"bat_2": 1, "bat_3": 1}
    assert len(letters(store)) == 1


def test_events_nobody_asked_for_are_passed_over(publish, make_loop, counts, broker, store):
    publish("bat_1", event=BatchResumed("bat_1"))
    publish("bat_2")
    turn(make_loop())
    assert counts() == {"bat_2": 1}
    assert broker.committed[(GROUP, (TOPIC, 0))] == 2
    assert letters(store) == []


def test_what_an_event_leads_to_names_it_as_the_cause(publish, make_loop, store):
    def emits(_envelope, session):
        assert current_cause("none").causation_id == "evt_1"
        session.emit(BatchResumed("bat_1"))

    publish("bat_1", event_id="evt_1")
    turn(make_loop(emits))
    headers = dict(store.database[OUTBOX].find_one()["headers"])
    assert bytes(headers["ce_causationid"]) == b"evt_1"
    assert bytes(headers["ce_correlationid"]) == b"request-1"


def test_a_watermark_is_heard_with_all_before_it_in_effect(publish, make_loop, clock, store):
    def heard(session, topic, partition, as_of):
        rows = session.database["counts"].find(session=session.session)
        told.append((topic, partition, as_of, {row["_id"] for row in rows}))

    told: list = []
    publish("bat_1", partition=2)
    publish("", partition=2, event=LogAdvanced(as_of=clock.now()))
    publish("bat_2", partition=2)
    turn(make_loop(on_watermark=heard))
    assert told == [(TOPIC, 2, clock.now(), {"bat_1"})]


def test_a_watermark_behind_an_event_that_waits_is_not_heard(publish, make_loop, clock):
    def waits(_envelope, _session):
        raise TransientError("a fact is missing")

    told: list = []
    publish("bat_1", partition=2)
    publish("", partition=2, event=LogAdvanced(as_of=clock.now()))
    turn(make_loop(waits, on_watermark=lambda *_: told.append(1)), times=3)
    assert told == []


def test_a_watermark_is_heard_again_after_a_redelivery_and_leaves_no_note(
    publish, make_loop, clock, store
):
    told: list = []
    publish("", partition=0, event=LogAdvanced(as_of=clock.now()), event_id="evt_w")
    publish("", partition=0, event=LogAdvanced(as_of=clock.now()), event_id="evt_w")
    turn(make_loop(on_watermark=lambda *_: told.append(1)))
    assert len(told) == 2
    assert inbox(store) == set()


def test_after_a_wiped_broker_was_filled_again_nothing_happens_twice(
    make_loop, counts, store, broker, clock
):
    relay = Relay(
        database=store.database,
        producer=MemoryProducer(broker),
        topics=[TOPIC],
        clock=clock,
        ids=SequentialIds(),
    )
    store.run(lambda session: session.emit(BatchPaused("bat_1"), BatchPaused("bat_2")))
    loop = make_loop()
    relay.run_once()
    turn(loop)
    broker.wipe()
    clock.advance(seconds=10)
    store.run(lambda session: session.emit(BatchPaused("bat_1")))
    relay.run_once()  # what was lost
    relay.run_once()  # what is new
    turn(loop)
    assert counts() == {"bat_1": 2, "bat_2": 1}


def test_lag_is_what_was_not_yet_polled_and_has_an_age(publish, make_loop):
    loop = make_loop()
    assert loop.lag_age_seconds() is None
    publish("bat_1")
    turn(loop)
    assert sum(loop.lag_seen.values()) == 0
    assert loop.lag_age_seconds() is not None


def test_a_running_consumer_outlives_the_absence_of_the_broker(publish, make_loop, counts, broker):
    def count(envelope, session):
        session.count(envelope.key)
        handled.set()

    publish("bat_1")
    broker.away = True
    stop, handled = threading.Event(), threading.Event()
    thread = threading.Thread(target=make_loop(count).run, args=(stop,))
    thread.start()
    broker.away = False
    try:
        assert handled.wait(30)
    finally:
        stop.set()
        thread.join()
    assert counts() == {"bat_1": 1}


@pytest.mark.parametrize(
    ("silent_seconds", "expected_seconds"), [(0.0, 0.05), (0.3, 0.3), (5.0, 0.5), (21.0, 2.0)]
)
def test_a_consumer_waits_for_more_about_as_long_as_nothing_came(
    make_loop, monkeypatch, silent_seconds, expected_seconds
):
    loop = make_loop(lambda *_: None)
    now = time.monotonic()
    monkeypatch.setattr(consumer_module, "time", SimpleNamespace(monotonic=lambda: now))
    loop.moved_at = now - silent_seconds

    assert loop.patience_seconds() == pytest.approx(expected_seconds)


def test_an_event_ends_the_long_waits_of_a_silence(make_loop, publish):
    loop = make_loop(lambda *_: None)
    loop.moved_at -= 3_600.0
    assert loop.patience_seconds() == consumer_module.RESTING_POLL_SECONDS
    publish("bat_1")
    loop.run_once(timeout_seconds=0)

    assert loop.patience_seconds() <= consumer_module.POLL_SECONDS
