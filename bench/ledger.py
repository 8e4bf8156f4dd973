"""The ledger: postings a second beside bare pymongo's, and accepted work until it is posted.

By the environment: ENGINE, THREADS (4), TOGETHER (10 entries a transaction), ENTRIES (2,000) and
ACCEPTS (1,000). Bare pymongo inserts the same documents into a collection with the same indexes and
validator, as many together, from as many threads, A B A B in one run. Figures of an embedded engine
are never MongoDB's. Afterwards the books are audited: a run whose invariants do not hold is void.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from crowdloom.chassis.consumer import TRANSACTION_EVENTS_MAX
from crowdloom.contracts import Cause, Envelope, Event
from crowdloom.contracts.matching import AssignmentClaimed
from crowdloom.contracts.payment import slot_fee
from crowdloom.contracts.task import BatchFundingRequested, SubmissionAccepted
from crowdloom.kernel import Money, SystemClock
from crowdloom.kernel.ids import (
    AssignmentId,
    BatchId,
    Pseudonym,
    RequesterId,
    SubmissionId,
    TaskId,
    WorkerId,
)
from payment_service.adapters.mongo_ledger import JOURNAL_INDEXES, JOURNAL_VALIDATOR
from payment_service.bootstrap import Application
from payment_service.domain import chart
from payment_service.domain.entries import Entry, credit, debit
from payment_service.entrypoints.events import SUBSCRIPTIONS

from bench.claims_engine import started
from bench.payment_engine import CURRENCY, DATABASE, payment

_TOGETHER = int(os.environ.get("TOGETHER", "10"))
_ROUNDS = 2
_REWARD = Money.of_minor(5, CURRENCY)
_REQUESTER = RequesterId("req_bench")
_OPENING_MINOR = 10_000_000
# Nobody approved the bench's own opening entry (I17), and nothing publishes or seals here.
_NOT_HERE = {"I7", "I8", "I13", "I14", "I15", "I17"}


class VoidRun(RuntimeError):
    """The books do not hold, so that no figure of the run counts."""


def run() -> Mapping[str, object]:
    """Returns every figure. Raises VoidRun."""
    threads = int(os.environ.get("THREADS", "4"))
    engine_name = os.environ.get("ENGINE", "secantusdb")
    figures: dict[str, object] = {"engine": engine_name, "threads": threads}
    with started(engine_name) as engine, engine.client() as client:
        print(f"engine: {engine_name}, of its own speed; not MongoDB's", flush=True)
        with payment(client) as (application, _processor):
            figures |= _postings(application, client, threads)
            figures |= _accepts(application)
            broken = [f for f in application.audit_money() if not f.holds]
            wrong = [f"{f.invariant}: {f.broken}" for f in broken if f.invariant not in _NOT_HERE]
            if wrong:
                raise VoidRun("; ".join(wrong))
    for name, value in figures.items():
        print(f"{name:<28} {value}", flush=True)
    return figures


def _postings(application: Application, client: Any, threads: int) -> dict[str, object]:
    """Manual entries between derived accounts: posting alone, as fees and processor lines are."""
    count = int(os.environ.get("ENTRIES", "2000")) // threads // _TOGETHER * _TOGETHER
    bare = client[DATABASE].create_collection("bare_journal")
    client[DATABASE].command("collMod", "bare_journal", validator=JOURNAL_VALIDATOR)
    bare.create_indexes(JOURNAL_INDEXES)
    ours: list[float] = []
    theirs: list[float] = []
    for turn in range(_ROUNDS):
        entries = [_entries(f"{turn}-{thread}", count) for thread in range(threads)]
        ours.append(_rate(entries, lambda part: _post(application, part)))
        documents = [[_document(application, entry) for entry in part] for part in entries]
        theirs.append(_rate(documents, lambda part: _insert(bare, part)))
    return {
        "postings_per_second": [round(each) for each in ours],
        "bare_inserts_per_second": [round(each) for each in theirs],
        "postings_ratio": round(sum(ours) / sum(theirs), 2),
    }


def _document(application: Application, entry: Entry) -> dict[str, Any]:
    """The document that was posted for the entry."""
    found = application.database["journal"].find_one({"key": entry.key})
    if found is None:
        raise VoidRun(f"{entry.key} was not posted")
    return found


def _entries(name: str, count: int) -> list[Entry]:
    currency = _REWARD.currency
    lines = (
        debit(f"asset:bank:main:{CURRENCY}", _REWARD),
        credit(chart.platform_fees(currency), _REWARD),
    )
    return [
        Entry(f"bench:{name}:{number}", "bench", currency, lines, refs={"bench": name})
        for number in range(count)
    ]


def _rate(parts: Sequence[Sequence[Any]], write: Callable[[Sequence[Any]], None]) -> float:
    """How many a second, all threads together."""
    began = time.perf_counter()
    with ThreadPoolExecutor(len(parts)) as pool:
        list(pool.map(write, parts))
    return sum(len(part) for part in parts) / (time.perf_counter() - began)


def _post(application: Application, entries: Sequence[Entry]) -> None:
    for start in range(0, len(entries), _TOGETHER):
        chunk = entries[start : start + _TOGETHER]
        application.store.run(lambda session, part=chunk: session.ledger.post(*part))  # type: ignore[misc]


def _insert(collection: Any, documents: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(documents), _TOGETHER):
        collection.insert_many(documents[start : start + _TOGETHER])


def _accepts(application: Application) -> dict[str, object]:
    """Claims and accepts as the consumer hands them over of a stream, until posted."""
    count = int(os.environ.get("ACCEPTS", "1000"))
    fund(application, count)
    events = [event for number in range(count) for event in work(number)]
    began = time.perf_counter()
    for start in range(0, len(events), TRANSACTION_EVENTS_MAX):
        deliver(application, events[start : start + TRANSACTION_EVENTS_MAX])
    seconds = time.perf_counter() - began
    posted = application.database["journal"].count_documents({"code": "accept"})
    if posted != count:
        raise VoidRun(f"{posted} of {count} accepts were posted")
    return {"accepts_posted_per_second": round(count / seconds)}


def fund(application: Application, count: int) -> None:
    currency = _REWARD.currency
    amount = Money.of_minor(_OPENING_MINOR, currency)
    lines = (
        debit(f"asset:bank:main:{CURRENCY}", amount),
        credit(chart.wallet(_REQUESTER, currency), amount),
    )
    opening = Entry("bench:opening", "bench", currency, lines)
    application.store.run(lambda session: session.ledger.post(opening))
    deliver(
        application,
        [
            BatchFundingRequested(
                batch_id=BatchId("bat_bench"),
                requester_id=_REQUESTER,
                revision=1,
                slot_count=count,
                reward=_REWARD,
                fee=slot_fee(_REWARD),
            )
        ],
    )


def work(number: int, *, workers: int = 500) -> tuple[Event, Event]:
    now = SystemClock().now()
    fields: dict[str, Any] = {
        "assignment_id": AssignmentId(f"asg_{number}"),
        "task_id": TaskId(f"tsk_{number}"),
        "batch_id": BatchId("bat_bench"),
        "requester_id": _REQUESTER,
        "pseudonym": Pseudonym("A7F3K9Q2MC41TM08D"),
    }
    claim = AssignmentClaimed(
        **fields,
        worker_id=WorkerId(f"wrk_{number % workers}"),
        claimed_at=now,
        deadline=now + timedelta(seconds=600),
    )
    accept = SubmissionAccepted(
        **fields,
        submission_id=SubmissionId(f"sub_{number}"),
        accepted_at=now,
        decided_by="requester",
    )
    return claim, accept


def deliver(application: Application, events: Sequence[Event]) -> None:
    """In one transaction, noted in the inbox, as the consumer does."""
    now = application.clock.now()
    envelopes = [
        Envelope(
            event_id=application.ids.new("event"),
            occurred_at=now,
            key="key",
            cause=Cause("evt_bench"),
            event=event,
        )
        for event in events
    ]

    def handle(session: Any) -> None:
        fresh = session.take_unhandled([each.event_id for each in envelopes])
        for envelope in envelopes:
            if envelope.event_id in fresh:
                SUBSCRIPTIONS[type(envelope.event)](envelope, session)

    application.store.run(handle)
