"""State, outbox and inbox commit as one, or not at all."""

import os
import subprocess
import sys
import threading
import time

import pytest
from crowdloom.chassis import running_sessions
from crowdloom.chassis import store as store_module
from crowdloom.chassis.context import caused_by
from crowdloom.chassis.running_sessions import RUNNING_SESSIONS, RunningSessions, this_host
from crowdloom.chassis.store import INBOX, OUTBOX
from crowdloom.contracts import Cause, read_message
from crowdloom.contracts.task import BatchPaused, BatchResumed
from crowdloom.kernel import DomainError, TransientError
from crowdloom.testkit.commands import CommandCounter
from crowdloom.testkit.ports import SequentialIds
from pymongo import InsertOne, MongoClient, UpdateOne
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError


def rows(store):
    return list(store.database[OUTBOX].find().sort("_id", 1))


def test_state_and_its_event_commit_together(store, counts):
    def work(session):
        session.count("bat_1")
        session.emit(BatchPaused("bat_1"), BatchResumed("bat_1"))
        return "done"

    assert store.run(work) == "done"
    assert counts() == {"bat_1": 1}
    assert [row["type"] for row in rows(store)] == [
        "task.batch.paused.v1",
        "task.batch.resumed.v1",
    ]


@pytest.mark.parametrize("error", [DomainError("no"), ValueError("a bug")])
def test_whatever_goes_wrong_leaves_neither_state_nor_event_and_comes_out_as_it_is(
    store, counts, error
):
    def work(session):
        session.count("bat_1")
        session.emit(BatchPaused("bat_1"))
        raise error

    with pytest.raises(type(error)) as raised:
        store.run(work)
    assert raised.value is error
    assert counts() == {}
    assert rows(store) == []


def one_more(store, name):
    full_name = store.database["counts"].full_name
    return UpdateOne({"_id": name}, {"$inc": {"count": 1}}, upsert=True, namespace=full_name)


def test_what_is_held_is_written_at_the_end_with_its_event(store, counts):
    def work(session):
        session.count("bat_1")
        session.hold(one_more(store, "bat_2"))
        session.emit(BatchPaused("bat_1"))
        return "bat_2" in {row["_id"] for row in store.database["counts"].find(session=None)}

    assert store.run(work) is False
    assert counts() == {"bat_1": 1, "bat_2": 1}
    assert [row["type"] for row in rows(store)] == ["task.batch.paused.v1"]


@pytest.mark.parametrize("taken", [DomainError("somebody has it"), None])
def test_a_held_write_that_a_unique_index_refuses_takes_all_back_and_says_why(store, counts, taken):
    store.run(lambda session: session.count("bat_1"))
    copy = InsertOne({"_id": "bat_1"}, namespace=store.database["counts"].full_name)

    def work(session):
        session.count("bat_2")
        session.hold(one_more(store, "bat_3"))
        session.hold(copy, taken=taken)
        session.emit(BatchPaused("bat_1"))

    with pytest.raises(type(taken) if taken else DuplicateKeyError) as raised:
        store.run(work)
    assert taken is None or raised.value is taken
    assert counts() == {"bat_1": 1}
    assert rows(store) == []


def one_less(store, name):
    full_name = store.database["counts"].full_name
    return UpdateOne(
        {"_id": name, "count": {"$gt": 0}}, {"$inc": {"count": -1}}, namespace=full_name
    )


def test_what_reads_nothing_is_sent_in_one_command_and_a_commit(store, counts, mongo_client, clock):
    counter = CommandCounter()
    client = MongoClient(*mongo_client.address, directConnection=True, event_listeners=[counter])
    listening = store_module.MongoStore(
        client,
        store.database.name,
        session_class=store_module.MongoSession,
        clock=clock,
        ids=SequentialIds(),
    )
    # Before its first transaction a process notes itself.
    listening.write(lambda session: session.hold(one_more(store, "bat_1")))

    def work(session):
        session.hold(one_less(store, "bat_1"), missed=DomainError("none left"))
        session.hold(one_more(store, "bat_2"))
        session.emit(BatchPaused("bat_1"))

    with counter.counting() as asked:
        listening.write(work)
    assert asked.commands == {"bulkWrite ": 1, "commitTransaction ": 1}
    client.close()
    assert counts() == {"bat_1": 0, "bat_2": 1}
    assert [row["type"] for row in rows(store)] == ["task.batch.paused.v1"]


@pytest.mark.parametrize("more", [False, True])
@pytest.mark.parametrize("way", ["run", "write"])
def test_an_update_that_finds_nothing_takes_all_back_and_says_why(store, counts, way, more):
    store.run(lambda session: session.count("bat_1"))
    missed = DomainError("none left")

    def work(session):
        if way == "run":
            session.count("bat_9")
        if more:  # another update that finds what it looks for
            session.hold(one_less(store, "bat_1"))
        session.hold(one_less(store, "bat_0"), missed=missed)
        session.hold(InsertOne({"_id": "new"}, namespace=store.database["counts"].full_name))
        session.emit(BatchPaused("bat_1"))

    with pytest.raises(DomainError) as raised:
        getattr(store, way)(work)
    assert raised.value is missed
    assert counts() == {"bat_1": 1}
    assert rows(store) == []


def test_two_that_send_all_at_once_about_the_same_thing_both_count(store, counts, mongo_client):
    store.run(lambda session: session.count("bat_1"))
    with mongo_client.start_session() as other:
        other.start_transaction()
        store.database["counts"].update_one({"_id": "bat_1"}, {"$inc": {"count": 1}}, session=other)
        ending = threading.Timer(0.2, other.commit_transaction)
        ending.start()
        store.write(lambda session: session.hold(one_more(store, "bat_1")))
        ending.join()
    assert counts() == {"bat_1": 3}


def test_an_outbox_row_holds_all_that_the_relay_needs(store):
    with caused_by(Cause("request-1", "evt_0", "00-abc-def-01")):
        store.run(lambda session: session.emit(BatchPaused("bat_1")))
    row = rows(store)[0]
    envelope = read_message(
        tuple((name, bytes(value)) for name, value in row["headers"]), bytes(row["value"])
    )
    assert envelope.event == BatchPaused("bat_1")
    assert envelope.event_id == row["_id"]
    assert envelope.cause == Cause("request-1", "evt_0", "00-abc-def-01")
    assert (row["topic"], row["key"], row["pending"]) == ("task.lifecycle", "bat_1", True)


def test_an_event_is_new_to_the_inbox_once(store):
    assert store.run(lambda s: s.take_unhandled(["evt_1", "evt_2"])) == {"evt_1", "evt_2"}
    assert store.run(lambda s: s.take_unhandled(["evt_2", "evt_3", "evt_3"])) == {"evt_3"}
    assert store.database[INBOX].count_documents({}) == 3


@pytest.mark.parametrize("held", [False, True])
def test_two_that_change_the_same_thing_at_once_both_count(store, counts, mongo_client, held):
    tries = []

    def work(session):
        tries.append(1)
        session.count("bat_1")
        if len(tries) == 1:  # somebody else is faster, and finished, within our transaction
            with mongo_client.start_session() as other, other.start_transaction():
                store.database["counts"].update_one(
                    {"_id": "bat_2"}, {"$inc": {"count": 1}}, upsert=True, session=other
                )
        if held:
            session.hold(one_more(store, "bat_2"))
        else:
            session.count("bat_2")

    store.run(work)
    assert counts() == {"bat_1": 1, "bat_2": 2}


def test_a_transaction_that_takes_too_long_commits_nothing_and_may_be_tried_again(
    store, counts, monkeypatch
):
    monkeypatch.setattr(store_module, "TRANSACTION_SECONDS_MAX", 0.3)
    late = time.monotonic() + 0.5

    def work(session):
        session.count("bat_1")
        while time.monotonic() < late:
            time.sleep(0.05)

    with pytest.raises(TransientError):
        store.run(work)
    assert counts() == {}


def test_a_database_that_is_away_is_transient(clock, monkeypatch):
    monkeypatch.setattr(store_module, "TRANSACTION_SECONDS_MAX", 0.3)
    nobody = MongoClient("mongodb://127.0.0.1:9/?directConnection=true&serverSelectionTimeoutMS=50")
    away = store_module.MongoStore(
        nobody, "away", session_class=store_module.MongoSession, clock=clock, ids=None
    )
    with nobody, pytest.raises(TransientError):
        away.run(lambda session: session.database["any"].find_one({}, session=session.session))


def test_a_database_that_lacks_a_command_is_refused_before_anybody_works(store, monkeypatch):
    told = {**store._client.admin.command("hello"), "maxWireVersion": 21}
    monkeypatch.setattr(Database, "command", lambda *_args, **_options: told)
    with pytest.raises(store_module.DatabaseTooOld, match=r"MongoDB 8\.0"):
        store.migrate({"counts": []})


def test_migrating_again_changes_nothing(store):
    store.migrate({"counts": []})
    store.migrate({"counts": []})
    assert "still_pending" in store.database[OUTBOX].index_information()


@pytest.mark.parametrize("alive", [False, True])
def test_what_a_killed_process_left_open_is_ended_by_the_next_one_and_what_runs_is_not(
    store, counts, mongo_client, alive
):
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    holder = os.getppid() if alive else gone.pid
    with mongo_client.start_session() as session, session.start_transaction():
        change = {"$inc": {"count": 10}}
        store.database["counts"].update_one({"_id": "bat_1"}, change, upsert=True, session=session)
        row = {"_id": bytes(session.session_id["id"]), "host": this_host(), "pid": holder}
        store.database[RUNNING_SESSIONS].insert_one(row)
        # Another document, so that nobody waits: what is asked is whether the holder was let be.
        store.run(lambda session: session.count("bat_2" if alive else "bat_1"))
        if alive:
            session.commit_transaction()
        else:
            session.abort_transaction()
    assert counts() == ({"bat_1": 10, "bat_2": 1} if alive else {"bat_1": 1})


def test_what_cannot_be_ended_at_once_is_ended_before_a_later_transaction(
    store, counts, clock, mongo_client, monkeypatch
):
    running = RunningSessions(store.database, clock)
    with mongo_client.start_session() as session, session.start_transaction():
        change = {"$inc": {"count": 10}}
        store.database["counts"].update_one({"_id": "bat_1"}, change, upsert=True, session=session)
        with monkeypatch.context() as asleep:  # no answer can come within that
            asleep.setattr(running_sessions, "_SECONDS_MAX", 1e-9)
            running.end(session)
        with mongo_client.start_session() as later:
            running.note(later)
        store.run(lambda session: session.count("bat_1"))
        session.abort_transaction()
    assert counts() == {"bat_1": 1}
