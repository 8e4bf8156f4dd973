"""What task-service tells the others, and what it must never learn."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from crowdloom.chassis.bus import PARTITION_COUNT
from crowdloom.chassis.relay import Relay
from crowdloom.chassis.store import TRANSACTION_SECONDS_MAX
from crowdloom.kernel.clock import format_instant
from crowdloom.testkit.memory_bus import MemoryBroker, MemoryProducer
from crowdloom.testkit.ports import FrozenClock
from task_service.bootstrap import Application
from task_service.entrypoints.events import WATERMARK

Outbox = Callable[[], list[tuple[str, Any]]]
TOPIC = "task.lifecycle"


def relayed(application: Application) -> list[list[tuple[str, bytes]]]:
    """Run the relay once; (type, body) of every partition of our topic."""
    broker = MemoryBroker()
    Relay(
        database=application.database,
        producer=MemoryProducer(broker),
        topics=[TOPIC],
        clock=application.clock,
        ids=application.ids,
        watermark=WATERMARK,
    ).run_once()
    return [
        [(_type(message), message.value) for message in broker.read((TOPIC, number), 0, 1_000)]
        for number in range(PARTITION_COUNT)
    ]


def _type(message: Any) -> str:
    return next(
        value.decode() if isinstance(value, bytes) else value
        for name, value in message.headers
        if name == "ce_type"
    )


def test_the_watermark_stands_behind_all_that_was_submitted_before_it(
    requester: Any,
    open_batch: Any,
    hand_out: Any,
    application: Application,
    clock: FrozenClock,
) -> None:
    hand_out(requester, open_batch(requester)).submit()
    clock.advance(seconds=30)
    partitions = relayed(application)
    submitted = "task.submission.received.v1"
    assert sum(kind == submitted for log in partitions for kind, _ in log) == 1
    for log in partitions:
        kind, body = log[-1]
        assert kind == "task.log.advanced.v1", "every partition is told, last of all"
        as_of = clock.now() - timedelta(seconds=TRANSACTION_SECONDS_MAX)
        assert format_instant(as_of).encode() in body


def test_events_of_one_batch_stay_in_order(
    requester: Any, open_batch: Any, hand_out: Any, application: Application
) -> None:
    receipt = hand_out(requester, open_batch(requester)).submit().json
    requester.post(f"/submissions/{receipt['submission_id']}/accept")
    [log] = [log for log in relayed(application) if len(log) > 1]
    assert [kind.removeprefix("task.").removesuffix(".v1") for kind, _ in log] == [
        "batch.funding_requested",
        "batch.opened",
        "tasks.released",
        "submission.received",
        "submission.accepted",
        "log.advanced",
    ]


def test_neither_the_database_nor_any_event_knows_a_workers_id(
    requester: Any, open_batch: Any, hand_out: Any, application: Application, outbox: Outbox
) -> None:
    holder = hand_out(requester, open_batch(requester))
    holder.save([["answer", "y"]])
    receipt = holder.submit().json
    requester.post(f"/submissions/{receipt['submission_id']}/accept")
    for name in application.database.list_collection_names():
        for document in application.database[name].find():
            assert "worker_id" not in str(document), name
            assert "wrk_" not in str(document), name
    assert "worker_id" not in str(outbox())
