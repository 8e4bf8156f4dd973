"""The relay: in order per key, at least once, whatever happens to it or to the broker."""

import threading
import time
from datetime import timedelta

import pytest
from bson import Timestamp
from crowdloom.chassis import relay as relay_module
from crowdloom.chassis.bus import PARTITION_COUNT
from crowdloom.chassis.kafka_bus import KafkaBusConsumer, KafkaBusProducer
from crowdloom.chassis.operations import Operations, OutboxState
from crowdloom.chassis.relay import BATCH_COUNT_MAX, Relay, Watermark
from crowdloom.chassis.store import OUTBOX, TRANSACTION_SECONDS_MAX
from crowdloom.contracts import envelope_of, read_message
from crowdloom.contracts.envelope import Cause, type_name
from crowdloom.contracts.task import BatchPaused, BatchResumed, LogAdvanced
from crowdloom.kernel import TransientError
from crowdloom.testkit.memory_bus import MemoryConsumer, MemoryProducer
from crowdloom.testkit.ports import SequentialIds
from crowdloom_local.engines import ROOT
from crowdloom_local.engines.embedded import Tansu
from crowdloom_local.processes import Supervisor

TOPIC = "task.lifecycle"
PATIENCE_SECONDS = 30


class BreaksOff(MemoryProducer):
    """Loses the broker after so many messages of a publish: those before are there all the same."""

    def __init__(self, broker, after: int):
        super().__init__(broker)
        self.after: int | None = after

    def publish(self, messages):
        if self.after is None:
            return super().publish(messages)
        super().publish(messages[: self.after])
        self.after = None
        raise TransientError("the broker went away half way")


@pytest.fixture
def make_relay(store, broker, clock):
    def make(producer=None, **options):
        return Relay(
            database=store.database,
            producer=producer or MemoryProducer(broker),
            topics=[TOPIC],
            clock=clock,
            ids=SequentialIds(),
            **options,
        )

    return make


def watermark(every_seconds=2.0):
    return Watermark(TOPIC, lambda as_of: LogAdvanced(as_of=as_of), every_seconds)


def emit(store, *batches):
    store.run(lambda session: session.emit(*(BatchPaused(batch) for batch in batches)))


def published(broker):
    """Every message of the topic, partition by partition, in the log's order."""
    return [
        message
        for partition in range(PARTITION_COUNT)
        for message in broker.read((TOPIC, partition), 0, 10_000)
    ]


def until_nothing_waits(relay):
    while relay.run_once():
        pass


def event_ids(messages):
    return [dict(message.headers)["ce_id"].decode() for message in messages]


def pending_count(store):
    return store.database[OUTBOX].count_documents({"pending": True})


def instants(broker):
    """The watermarks told, per partition."""
    return [
        [
            read_message(message.headers, message.value).event.as_of
            for message in broker.read((TOPIC, partition), 0, 10_000)
            if type_name(message.headers) == "task.log.advanced.v1"
        ]
        for partition in range(PARTITION_COUNT)
    ]


def test_what_was_committed_is_published_in_order_per_key_and_noted(store, broker, make_relay):
    for _ in range(3):
        emit(store, "bat_1", "bat_2")
    assert make_relay().run_once() == 6
    assert pending_count(store) == 0
    for batch in ("bat_1", "bat_2"):
        ids = event_ids(m for m in published(broker) if m.key == batch)
        assert ids == sorted(ids)
        assert len(ids) == 3


def test_rows_go_out_as_they_were_written_whatever_the_ids_say(store, broker, make_relay):
    # As MongoDB stamps them, when the clock of the server that wrote later was behind.
    emit(store, "bat_1", "bat_1")
    first, second = store.database[OUTBOX].find().sort("_id", 1)
    for row, stamp in ((second, Timestamp(100, 1)), (first, Timestamp(100, 2))):
        store.database[OUTBOX].update_one({"_id": row["_id"]}, {"$set": {"written_at": stamp}})
    make_relay().run_once()
    assert event_ids(published(broker)) == [second["_id"], first["_id"]]


@pytest.mark.parametrize("got_through", range(6))
def test_a_publish_that_breaks_off_loses_nothing_and_keeps_the_order(
    store, broker, make_relay, got_through
):
    emit(store, *["bat_1"] * 5)
    relay = make_relay(BreaksOff(broker, got_through))
    with pytest.raises(TransientError):
        relay.run_once()
    assert pending_count(store) == 5
    relay.run_once()
    assert pending_count(store) == 0
    ids = event_ids(published(broker))
    assert len(ids) == 5 + got_through
    assert list(dict.fromkeys(ids)) == sorted(set(ids)), "first occurrences are in order"


def test_a_relay_that_died_before_noting_publishes_again(store, broker, make_relay, monkeypatch):
    emit(store, "bat_1")
    dying = make_relay()
    monkeypatch.setattr(dying, "_outbox", _NotesNothing(store.database[OUTBOX]))
    with pytest.raises(SystemExit):
        dying.run_once()
    dying_holder = store.database["relay_state"]
    dying_holder.delete_one({"_id": "lease"})
    make_relay().run_once()
    assert len(published(broker)) == 2
    assert len(set(event_ids(published(broker)))) == 1


class _NotesNothing:
    """The outbox, for a process that dies at the moment it would write to it."""

    def __init__(self, outbox):
        self._outbox = outbox
        self.find, self.database = outbox.find, outbox.database

    def update_many(self, *_arguments, **_options):
        raise SystemExit


def test_a_broker_that_lost_its_log_is_filled_again(store, broker, make_relay, clock):
    relay = make_relay()
    for _ in range(3):
        emit(store, "bat_1", "bat_2")
        relay.run_once()
    before = sorted(event_ids(published(broker)))
    broker.wipe()
    emit(store, "bat_1")
    with pytest.raises(TransientError):
        relay.run_once()
    clock.advance(seconds=10)
    until_nothing_waits(relay)
    after = event_ids(published(broker))
    assert len(before) == 6
    assert len(after) == 7
    of_one = event_ids(m for m in published(broker) if m.key == "bat_1")
    assert of_one == sorted(of_one), "what is old comes before what is new"


def test_a_refill_changes_nothing_in_the_outbox_and_goes_before_what_waits(
    store, broker, make_relay, clock, monkeypatch
):
    relay, before = _with_a_lost_log(store, broker, make_relay, clock)
    emit(store, "bat_1")
    monkeypatch.setattr(relay_module, "BATCH_COUNT_MAX", 2)
    for batches in range(1, 4):
        relay.run_once()
        assert len(published(broker)) == min(batches * 2, 5)
        assert pending_count(store) == 1
    until_nothing_waits(relay)
    ids = event_ids(published(broker))
    assert ids[:5] == before
    assert len(ids) == 6


def test_a_refill_that_breaks_off_begins_anew_also_by_another_process(
    store, broker, make_relay, clock, monkeypatch
):
    relay, before = _with_a_lost_log(store, broker, make_relay, clock)
    monkeypatch.setattr(relay_module, "BATCH_COUNT_MAX", 2)
    relay.run_once()
    broker.away = True
    with pytest.raises(TransientError):
        relay.run_once()
    broker.away = False
    relay.run_once()
    another = make_relay()
    emit(store, "bat_1")
    until_nothing_waits(another)
    ids = event_ids(published(broker))
    assert list(dict.fromkeys(ids))[:5] == before
    assert len(set(ids)) == 6
    assert len(ids) == 2 + 2 + 6


def test_no_watermark_is_told_while_a_log_is_filled_again(
    store, broker, make_relay, clock, monkeypatch
):
    relay, _ = _with_a_lost_log(store, broker, make_relay, clock, watermark=watermark())
    monkeypatch.setattr(relay_module, "BATCH_COUNT_MAX", 2)
    for _ in range(3):
        clock.advance(seconds=2)
        relay.run_once()
        assert instants(broker) == [[], [], [], []]
    relay.run_once()
    assert all(len(told) == 1 for told in instants(broker))


def _with_a_lost_log(store, broker, make_relay, clock, *, ahead_seconds=10, **options):
    """A relay that has published five events, whose log was lost since, and their ids."""
    relay = make_relay(**options)
    emit(store, *["bat_1"] * 5)
    relay.run_once()
    before = event_ids(published(broker))
    broker.wipe()
    clock.advance(seconds=ahead_seconds)
    return relay, before


@pytest.mark.parametrize("other_fills_it", [True, False])
def test_who_loses_the_lease_during_a_refill_looks_again_before_it_publishes(
    store, broker, make_relay, clock, monkeypatch, other_fills_it
):
    monkeypatch.setattr(relay_module, "_CHECK_SECONDS", 3600)
    relay, before = _with_a_lost_log(store, broker, make_relay, clock, ahead_seconds=3600)
    emit(store, "bat_1")
    monkeypatch.setattr(relay_module, "BATCH_COUNT_MAX", 2)
    relay.run_once()
    clock.advance(seconds=4)
    another = make_relay()
    another._holder = "another"
    if other_fills_it:
        until_nothing_waits(another)
    else:
        assert another._holds_lease()
    assert relay.run_once() == 0
    clock.advance(seconds=4)
    until_nothing_waits(relay)
    ids = event_ids(published(broker))
    assert list(dict.fromkeys(ids))[:5] == before
    assert len(ids) == 2 + 6


def test_what_a_lost_log_held_counts_as_unpublished_until_it_is_there_again(
    store, broker, make_relay, clock, monkeypatch
):
    relay, _ = _with_a_lost_log(store, broker, make_relay, clock)
    emit(store, "bat_1")
    monkeypatch.setattr(relay_module, "BATCH_COUNT_MAX", 2)
    operations = Operations(store.database, clock)
    relay.run_once()
    assert operations.report({}).outbox.unpublished_count == 6
    assert operations.report({}).outbox.oldest_seconds == 10
    until_nothing_waits(relay)
    assert operations.report({}).outbox == OutboxState(0, None)


def test_a_log_that_became_shorter_is_filled_again(store, broker, make_relay, clock):
    relay = make_relay()
    emit(store, "bat_1", "bat_1")
    relay.run_once()
    clock.advance(seconds=10)
    relay.run_once()  # sees where the log ends now
    place = published(broker)[0].place
    broker._logs[place].pop()
    clock.advance(seconds=10)
    relay.run_once()
    assert len(set(event_ids(published(broker)))) == 2


def test_while_the_broker_is_away_nothing_is_noted(store, broker, make_relay):
    emit(store, "bat_1")
    broker.away = True
    with pytest.raises(TransientError):
        make_relay().run_once()
    assert pending_count(store) == 1


def test_of_two_relays_one_publishes_and_the_other_takes_over(store, broker, make_relay, clock):
    first, second = make_relay(), make_relay()
    second._holder = "another"
    emit(store, "bat_1")
    assert first.run_once() == 1
    emit(store, "bat_1")
    assert second.run_once() == 0
    clock.advance(seconds=10)
    assert second.run_once() == 1
    assert first.run_once() == 0


def test_a_running_relay_outlives_the_absence_of_the_broker(store, broker, make_relay):
    emit(store, "bat_1")
    broker.away = True
    stop = threading.Event()
    thread = threading.Thread(target=make_relay().run, args=(stop,))
    thread.start()
    try:
        broker.away = False
        deadline = time.monotonic() + PATIENCE_SECONDS
        while pending_count(store) and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        stop.set()
        thread.join()
    assert pending_count(store) == 0


def test_the_watermark_is_told_to_every_partition_and_lies_a_longest_transaction_back(
    store, broker, make_relay, clock
):
    make_relay(watermark=watermark()).run_once()
    told = clock.now() - timedelta(seconds=TRANSACTION_SECONDS_MAX)
    assert instants(broker) == [[told]] * PARTITION_COUNT


def test_the_watermark_stands_behind_what_was_committed_before_it(store, broker, make_relay):
    emit(store, "bat_1")
    make_relay(watermark=watermark()).run_once()
    place = next(m for m in published(broker) if m.key == "bat_1").place
    types = [type_name(message.headers) for message in broker.read(place, 0, 10)]
    assert types == ["task.batch.paused.v1", "task.log.advanced.v1"]


def test_no_watermark_is_told_while_the_outbox_holds_more(store, broker, make_relay):
    emit(store, *["bat_1"] * (BATCH_COUNT_MAX + 1))
    relay = make_relay(watermark=watermark())
    relay.run_once()
    assert instants(broker) == [[]] * PARTITION_COUNT
    relay.run_once()
    assert [len(told) for told in instants(broker)] == [1] * PARTITION_COUNT


def test_no_watermark_is_told_when_a_publish_failed(store, broker, make_relay):
    emit(store, "bat_1")
    relay = make_relay(BreaksOff(broker, 0), watermark=watermark())
    with pytest.raises(TransientError):
        relay.run_once()
    assert instants(broker) == [[]] * PARTITION_COUNT


def test_watermarks_only_advance_and_come_no_oftener_than_asked_for(
    store, broker, make_relay, clock
):
    relay = make_relay(watermark=watermark(every_seconds=2.0))
    for _ in range(8):
        relay.run_once()
        clock.advance(seconds=0.5)
    told = instants(broker)[0]
    assert len(told) == 2
    assert told == sorted(told)


def test_a_watermark_never_passes_a_row_that_is_still_being_committed(
    store, broker, make_relay, clock, mongo_client
):
    relay = make_relay(watermark=watermark(every_seconds=1.0))
    began = clock.now()
    with mongo_client.start_session() as session:
        session.start_transaction()
        opened = store._session_class(store.database, session, clock=clock, ids=SequentialIds())
        opened.emit(BatchPaused("bat_1"))
        opened.write_held()
        # As long as the transaction may last, whatever the relay tells lies before its beginning.
        for _ in range(TRANSACTION_SECONDS_MAX):
            relay.run_once()
            clock.advance(seconds=1)
        assert max(instants(broker)[0]) < began
        session.commit_transaction()
    clock.advance(seconds=1)
    relay.run_once()
    row = next(m for m in published(broker) if m.key == "bat_1")
    passed = [
        message.offset
        for message in broker.read(row.place, 0, 100)
        if type_name(message.headers) == "task.log.advanced.v1"
        and read_message(message.headers, message.value).event.as_of >= began
    ]
    assert passed
    assert min(passed) > row.offset


def test_a_sandbox_can_have_every_nth_row_published_twice(store, broker, make_relay):
    emit(store, *["bat_1"] * 4)
    make_relay(duplicate_every=2).run_once()
    assert len(published(broker)) == 6


@pytest.mark.engines
def test_a_wiped_embedded_broker_is_filled_again_and_read_from_its_beginning(
    store, clock, tmp_path
):
    supervisor = Supervisor()
    tansu = Tansu(supervisor, tmp_path, ROOT)
    try:
        tansu.start()
        _fill_wipe_and_read(store, clock, tansu)
    finally:
        supervisor.stop()


def _fill_wipe_and_read(store, clock, broker):
    producer = KafkaBusProducer(broker.bootstrap)
    relay = Relay(
        database=store.database, producer=producer, topics=[TOPIC], clock=clock, ids=SequentialIds()
    )
    emit(store, *["bat_1"] * 5)
    _insist(relay)
    broker.wipe()
    clock.advance(seconds=10)
    store.run(lambda session: session.emit(BatchResumed("bat_1")))
    _insist(relay)
    consumer = KafkaBusConsumer(broker.bootstrap, group="reader", topics=[TOPIC])
    found = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(set(event_ids(found))) < 6 and time.monotonic() < deadline:
        found += consumer.poll(timeout_seconds=0.5, message_count_max=100)
    consumer.close()
    producer.close()
    assert len(set(event_ids(found))) == 6
    assert event_ids(found) == sorted(event_ids(found))


def _insist(relay):
    """Run until it went well: a broker that has just come back may refuse at first."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            until_nothing_waits(relay)
        except TransientError:
            if time.monotonic() > deadline:
                raise
            relay._check_due = relay._clock.now()
            time.sleep(0.1)
        else:
            return


def test_the_memory_bus_reads_back_what_the_relay_wrote(store, broker, make_relay):
    emit(store, "bat_1")
    make_relay().run_once()
    consumer = MemoryConsumer(broker, group="g", topics=[TOPIC])
    message = consumer.poll(timeout_seconds=0, message_count_max=10)[0]
    event_id = event_ids([message])[0]
    expected = envelope_of(
        BatchPaused("bat_1"),
        event_id=event_id,
        occurred_at=read_message(message.headers, message.value).occurred_at,
        cause=Cause(event_id),
    )
    assert read_message(message.headers, message.value) == expected


def test_after_a_silence_what_comes_is_published_by_the_next_look(make_relay, store, broker):
    relay = make_relay()
    assert [relay.run_once() for _ in range(3)] == [0, 0, 0]
    emit(store, "bat_1")

    assert relay.run_once() == 1
    assert len(published(broker)) == 1


def test_a_relay_looks_less_often_after_a_long_silence_until_something_comes(
    make_relay, store, monkeypatch
):
    monkeypatch.setattr(relay_module, "_RESTING_AFTER_SECONDS", -1.0)
    relay = make_relay()
    assert relay.patience_seconds() == relay_module.RESTING_SECONDS
    monkeypatch.setattr(relay_module, "_RESTING_AFTER_SECONDS", 3_600.0)
    emit(store, "bat_1")
    relay.run_once()

    assert relay.patience_seconds() < relay_module.RESTING_SECONDS
