"""What bare pymongo reaches with the writes of a claim, of a submit, and of all that follows.

The documents are the services' (`same_fields` compares them with a market's own), in collections
with the services' indexes, in transactions as the services make them, each write by pymongo's call
for it (the services send what a transaction writes last in one command). As many threads claim and
submit as workers do; as in the services' events processes, one thread an outbox marks what was
published, and one a service notes what it heard since it last looked. No HTTP, no broker, no check
and no read.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

from crowdloom.chassis.consumer import POLL_COUNT_MAX, TRANSACTION_EVENTS_MAX
from crowdloom.chassis.pace import PACE_SECONDS, pause_after
from crowdloom.chassis.relay import BATCH_COUNT_MAX
from crowdloom.chassis.store import OUTBOX_INDEXES
from crowdloom.kernel import SystemClock, TimeOrderedIds
from matching_service.adapters.mongo_session import INDEXES as MATCHING_INDEXES
from matching_service.domain.requirements import NEWCOMER_ANSWERS
from payment_service.adapters.mongo_session import INDEXES as PAYMENT_INDEXES
from pymongo import IndexModel, MongoClient, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern
from task_service.adapters.mongo_session import INDEXES as TASK_INDEXES
from worker_service.adapters.mongo_session import INDEXES as WORKER_INDEXES

from bench.claims_engine import Engine
from bench.claims_rows import (
    BATCH_ID,
    Cycle,
    Event,
    Row,
    assignment_row,
    item_facts,
    outbox_row,
    submission_row,
)

_INDEXES: dict[str, dict[str, list[IndexModel]]] = {
    "matching-service": MATCHING_INDEXES,
    "task-service": TASK_INDEXES,
    "worker-service": WORKER_INDEXES,
    "payment-service": PAYMENT_INDEXES,
}
_COLLECTIONS = {
    "matching-service": ("tasks", "assignments", "batches", "work_times", "workers"),
    "task-service": ("submissions", "tallies"),
    "worker-service": ("work_items", "batch_durations", "project_durations", "requesters"),
    "payment-service": ("assignments",),
}
_COMPARED = {
    "matching-service": ("assignments", "outbox", "inbox"),
    "task-service": ("submissions", "tallies", "outbox", "inbox"),
    "worker-service": ("work_items", "inbox"),
    "payment-service": ("assignments", "inbox"),
}
_HEARS = {
    "claimed": ("worker-service", "payment-service"),
    "received": ("matching-service", "task-service", "worker-service", "payment-service"),
}
_TASKS = 1_000
_MEASURED_EVERY_SECONDS = 2.0
Writes = Callable[[ClientSession], None]


@dataclass
class _Line:
    """What waits for one thread, and how much of it was done."""

    waiting: list[Event] = field(default_factory=list)
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, *events: Event) -> None:
        with self.lock:
            self.waiting += events

    def take(self, count_max: int) -> list[Event]:
        with self.lock:
            taken, self.waiting = self.waiting[:count_max], self.waiting[count_max:]
            return taken


def bare_cycles(engine: Engine, workers: int, seconds: float) -> float:
    """Cycles a second until all that follows from them is written."""
    return _Bare(engine.client()).rate(workers, seconds)


def same_fields(client: "MongoClient[Row]") -> list[str]:
    """Where the fields of a document differ from those of a market's, in the same engine."""
    wrong = []
    for service, names in _COMPARED.items():
        for name in names:
            ours, theirs = (
                # The oldest has been through all of a cycle.
                client[database][name].find_one(sort=[("_id", 1)]) or {}
                for database in (_bare_name(service), service)
            )
            differ = set(ours) ^ set(theirs)
            if differ or not ours:
                wrong.append(f"{service}.{name}: {', '.join(sorted(differ)) or 'nothing there'}")
    return wrong


def _bare_name(service: str) -> str:
    return f"bare-{service}"


class _Bare:
    def __init__(self, client: "MongoClient[Row]") -> None:
        self._client = client
        self._clock = SystemClock()
        self._ids = TimeOrderedIds(self._clock)
        self._databases = {service: self._made(service) for service in _INDEXES}
        self._outboxes = {"matching-service": _Line(), "task-service": _Line()}
        self._inboxes = {service: _Line() for service in _INDEXES}
        self._answered: Counter[str] = Counter()
        self._unmeasured: list[str] = []
        self._measure_due = 0.0
        self._stop = threading.Event()

    def rate(self, workers: int, seconds: float) -> float:
        began = time.monotonic()
        with ExitStack() as stack:
            threads = stack.enter_context(ThreadPoolExecutor(len(self._databases) + 2))
            stack.callback(self._stop.set)
            followers = [threads.submit(self._relay, name) for name in self._outboxes]
            followers += [threads.submit(self._follow, name) for name in self._inboxes]
            with ThreadPoolExecutor(workers) as pool:
                until = began + seconds
                cycles = sum(pool.map(lambda one: self._work(one, until), range(workers)))
            while not self._all_done(cycles):
                if any(one.done() for one in followers):
                    break  # it failed, and says so below
                time.sleep(0.01)
            took = time.monotonic() - began
        for one in followers:
            one.result()
        return cycles / took

    def _all_done(self, cycles: int) -> bool:
        wanted = dict.fromkeys(("matching-service", "task-service"), cycles)
        return all(
            line.done >= wanted.get(name, 2 * cycles) for name, line in self._inboxes.items()
        )

    def _made(self, service: str) -> Database[Row]:
        """The database of an earlier run where there is one: to drop it takes longer than a run."""
        database = self._client[_bare_name(service)]
        if database.list_collection_names():
            return database
        wanted = {name: _INDEXES[service].get(name, []) for name in _COLLECTIONS[service]}
        for name, models in {**wanted, "outbox": OUTBOX_INDEXES, "inbox": []}.items():
            database.create_collection(name)
            if models:
                database[name].create_indexes(list(models))
        if service == "matching-service":
            rows = [
                {
                    "_id": n,
                    "batch_id": BATCH_ID,
                    "pool": str(n // 32),
                    "open": 10**6,
                    "workers": [],
                }
                for n in range(_TASKS)
            ]
            database["tasks"].insert_many(rows)
        return database

    # -- what workers do ----------------------------------------------------------------------

    def _work(self, worker: int, until: float) -> int:
        worker_id, turn = self._ids.new("worker"), 0
        while time.monotonic() < until:
            cycle = self._claim(worker_id, (worker * 131 + turn * 7) % _TASKS, turn)
            self._submit(cycle, part=worker)
            turn += 1
        return turn

    def _claim(self, worker_id: str, task: int, turn: int) -> Cycle:
        cycle = Cycle(
            assignment_id=self._ids.new("assignment"),
            task_id=f"tsk_{BATCH_ID}_{task:05d}",
            worker_id=worker_id,
            pseudonym=f"7F3K-{worker_id[-8:]}",
            claimed_at=self._clock.now(),
        )
        event = Event(self._ids.new("event"), "claimed", cycle)
        database = self._databases["matching-service"]

        def claim(session: ClientSession) -> None:
            database["tasks"].update_one(
                {"_id": task, "open": {"$gt": 0}, "workers": {"$ne": cycle.assignment_id}},
                {"$inc": {"open": -1}, "$push": {"workers": worker_id}},
                session=session,
            )
            row = assignment_row(cycle, place=f"{worker_id}:{turn}")
            database["assignments"].insert_one(row, session=session)
            database["outbox"].insert_one(outbox_row(event, self._clock.now()), session=session)

        self._transact(claim)
        self._outboxes["matching-service"].put(event)
        return cycle

    def _submit(self, claimed: Cycle, *, part: int) -> None:
        cycle = Cycle(**{**vars(claimed), "submitted_at": self._clock.now()})
        event = Event(self._ids.new("event"), "received", cycle)
        database = self._databases["task-service"]

        def submit(session: ClientSession) -> None:
            row = submission_row(cycle, self._ids.new("submission"))
            database["submissions"].insert_one(row, session=session)
            database["outbox"].insert_one(outbox_row(event, self._clock.now()), session=session)
            # Each worker has a part of his own: nothing here waits for another's.
            counted, one_more = {"_id": f"{BATCH_ID}:{part}"}, {"$inc": {"submitted": 1}}
            database["tallies"].update_one(counted, one_more, upsert=True, session=session)

        self._transact(submit)
        self._outboxes["task-service"].put(event)

    # -- what follows -------------------------------------------------------------------------

    def _relay(self, service: str) -> None:
        line, outbox = self._outboxes[service], self._databases[service]["outbox"]
        pause_seconds = PACE_SECONDS
        while not self._stop.wait(pause_seconds):
            began = time.monotonic()
            events = line.take(BATCH_COUNT_MAX)
            if events:
                named = {"_id": {"$in": [one.event_id for one in events]}}
                outbox.update_many(named, {"$set": {"pending": False}})
            for event in events:
                for hearer in _HEARS[event.kind]:
                    self._inboxes[hearer].put(event)
            pause_seconds = pause_after(time.monotonic() - began)

    def _follow(self, service: str) -> None:
        line = self._inboxes[service]
        pause_seconds = PACE_SECONDS
        while not self._stop.wait(pause_seconds):
            began = time.monotonic()
            events = line.take(POLL_COUNT_MAX)
            for start in range(0, len(events), TRANSACTION_EVENTS_MAX):
                chunk = events[start : start + TRANSACTION_EVENTS_MAX]
                self._note(service, chunk)
                line.done += len(chunk)
            pause_seconds = pause_after(time.monotonic() - began)
            if len(events) == POLL_COUNT_MAX:
                pause_seconds = 0.0

    def _note(self, service: str, events: Sequence[Event]) -> None:
        database, now = self._databases[service], self._clock.now()
        noted: list[Row] = [{"_id": one.event_id, "handled_at": now} for one in events]
        effects = {
            "matching-service": self._close_leases,
            "worker-service": self._learn_items,
            "payment-service": self._learn_claims,
        }
        effect = effects.get(service)

        def note(session: ClientSession) -> None:
            database["inbox"].insert_many(noted, session=session)
            if effect is not None:
                effect(database, events, session)

        self._transact(note)
        # Once, and not with each try of the transaction.
        if service == "matching-service":
            self._answered.update(one.cycle.worker_id for one in events)
        if service == "worker-service":
            received = [one.cycle for one in events if one.kind == "received"]
            self._unmeasured += [one.assignment_id for one in received]
            self._measure(database)

    def _close_leases(
        self, database: Database[Row], events: Sequence[Event], session: ClientSession
    ) -> None:
        cycles = [one.cycle for one in events]
        database["assignments"].bulk_write(
            [
                UpdateOne(
                    {"_id": one.assignment_id},
                    {
                        "$set": {"status": "submitted", "finished_at": one.submitted_at},
                        "$unset": {"place": ""},
                    },
                )
                for one in cycles
            ],
            ordered=False,
            session=session,
        )
        given = Counter(one.worker_id for one in cycles)
        new = {who for who in given if self._answered[who] < NEWCOMER_ANSWERS}
        if new:
            database["workers"].bulk_write(
                [
                    UpdateOne({"_id": who}, {"$inc": {"answered": given[who]}}, upsert=True)
                    for who in new
                ],
                ordered=False,
                session=session,
            )
        of_batch, count = {"_id": BATCH_ID}, len(cycles)
        counted = {"$inc": {"submitted": count, "from_newcomers": count}}
        database["batches"].update_one(of_batch, counted, upsert=True, session=session)
        newest = {"$each": [0.1] * count, "$slice": -200}
        pushed = {"$push": {"seconds": newest}}
        database["work_times"].update_one(of_batch, pushed, upsert=True, session=session)

    def _learn_items(
        self, database: Database[Row], events: Sequence[Event], session: ClientSession
    ) -> None:
        said: dict[str, Row] = {}
        for one in events:
            said.setdefault(one.cycle.assignment_id, {}).update(item_facts(one))
        database["work_items"].bulk_write(
            [
                UpdateOne({"_id": name}, {"$set": facts, "$max": {"rank": 2}}, upsert=True)
                for name, facts in said.items()
            ],
            ordered=False,
            session=session,
        )

    def _measure(self, database: Database[Row]) -> None:
        if time.monotonic() < self._measure_due or not self._unmeasured:
            return
        self._measure_due = time.monotonic() + _MEASURED_EVERY_SECONDS
        names, self._unmeasured = self._unmeasured, []
        newest = {"$each": [100] * len(names), "$slice": -200}

        def measure(session: ClientSession) -> None:
            for name in ("batch_durations", "project_durations", "requesters"):
                pushed = {"$push": {"durations_ms": newest}}
                database[name].update_one({"_id": "one"}, pushed, upsert=True, session=session)
            measured = {"$unset": {"to_measure": ""}}
            database["work_items"].update_many({"_id": {"$in": names}}, measured, session=session)

        self._transact(measure)

    def _learn_claims(
        self, database: Database[Row], events: Sequence[Event], session: ClientSession
    ) -> None:
        said: dict[str, Row] = {}
        for one in events:
            facts: Row = {"batch_id": BATCH_ID}
            facts |= {"worker_id": one.cycle.worker_id} if one.kind == "claimed" else {}
            facts |= {"in_review": True} if one.kind == "received" else {}
            said.setdefault(one.cycle.assignment_id, {}).update(facts)
        database["assignments"].bulk_write(
            [
                UpdateOne({"_id": name}, {"$set": facts}, upsert=True)
                for name, facts in said.items()
            ],
            ordered=False,
            session=session,
        )

    def _transact(self, writes: Writes) -> None:
        with self._client.start_session() as session:
            session.with_transaction(
                writes, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority")
            )
