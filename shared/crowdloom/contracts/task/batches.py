"""Batches: from the wish for funds to the last decided answer."""

from dataclasses import dataclass
from datetime import datetime

from crowdloom.contracts import examples as ex
from crowdloom.contracts.registry import Event, event
from crowdloom.kernel.ids import BatchId, ProjectId, Pseudonym, RequesterId, TaskId
from crowdloom.kernel.money import Money

OWNER = "task-service"
TOPIC = "task.lifecycle"


@dataclass(frozen=True)
class Condition:
    """One qualification that is looked at: `has` it, or its score is `at_least` or `at_most`
    `score`. One without a score meets neither of these.
    """

    qualification: str
    comparator: str = "has"
    score: int | None = None


@dataclass(frozen=True)
class Requirements:
    """Who may work on a batch: all of `all_of`, one of `any_of`, none of `none_of`. Empty lists ask
    for nothing. `languages` are tags, one of which is to be spoken; `devices` are `phone`, `tablet`
    or `computer`; `only` and `excluded` name pseudonyms towards this requester.
    """

    all_of: tuple[Condition, ...] = ()
    any_of: tuple[Condition, ...] = ()
    none_of: tuple[Condition, ...] = ()
    languages: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    only: tuple[Pseudonym, ...] = ()
    excluded: tuple[Pseudonym, ...] = ()
    answers_per_worker_max: int | None = None
    answers_per_worker_a_day_max: int | None = None


@event(
    "task.batch.funding_requested.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        "batch_id": ex.BATCH,
        "requester_id": ex.REQUESTER,
        "revision": 1,
        "slot_count": 300,
        "reward": ex.FIVE_CENTS,
        "fee": ex.ONE_CENT,
        "title": "Does the second sentence follow from the first?",
        "vat": ex.NOTHING,
    },
)
@dataclass(frozen=True)
class BatchFundingRequested(Event):
    """A requester wants a batch to go live: slot_count x (reward + fee + vat) is to be reserved.
    Asked again with a higher revision, it grows: the count of all its slots ever, and the reward,
    fee and VAT on the fee of all that are not settled. Without `vat` whatever is due is reserved.
    """

    batch_id: BatchId
    requester_id: RequesterId
    revision: int
    slot_count: int
    reward: Money
    fee: Money
    title: str | None = None
    vat: Money | None = None


@event(
    "task.batch.opened.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        "batch_id": ex.BATCH,
        "project_id": ex.PROJECT,
        "requester_id": ex.REQUESTER,
        "requester_name": "Fir Research Group",
        "title": "Does the second sentence follow from the first?",
        "description": "Read two sentences and choose.",
        "language": "en",
        "reward": ex.FIVE_CENTS,
        "task_count": 100,
        "redundancy": 3,
        "lease_seconds": 600,
        "auto_accept_seconds": 86400,
        "opened_at": ex.INSTANT,
        "qualifications": ["reliable"],
        "task_type": "choose",
        "wanted_at": ex.INSTANT,
        "choice_count": 3,
        "requirements": {
            "all_of": [{"qualification": "reliable", "comparator": "at_least", "score": 80}],
            "any_of": [],
            "none_of": [],
            "languages": ["en"],
            "devices": [],
            "only": [],
            "excluded": [ex.PSEUDONYM],
            "answers_per_worker_max": 50,
            "answers_per_worker_a_day_max": 20,
        },
    },
)
@dataclass(frozen=True)
class BatchOpened(Event):
    """A funded batch may be shown to workers; its tasks follow in TasksReleased. `qualifications`
    are the codes that `requirements` asks for, for those who show what a qualification opens.
    `task_type` is the most that its form asks of a worker: draw, mark, write, rate or choose;
    `wanted_at` is when its requester wants all answers, where it presses; `choice_count` is among
    how many values a worker chooses one at most, where the form says so.
    """

    batch_id: BatchId
    project_id: ProjectId
    requester_id: RequesterId
    requester_name: str
    title: str
    description: str
    reward: Money
    task_count: int
    redundancy: int
    lease_seconds: int
    auto_accept_seconds: int
    opened_at: datetime
    language: str | None = None
    qualifications: tuple[str, ...] = ()
    requirements: Requirements | None = None
    task_type: str | None = None
    wanted_at: datetime | None = None
    choice_count: int | None = None


@event(
    "task.tasks.released.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        "batch_id": ex.BATCH,
        "chunk": 0,
        "redundancy": 4,
        "task_ids": [ex.TASK],
        "added_redundancy": 1,
    },
)
@dataclass(frozen=True)
class TasksReleased(Event):
    """At most 500 tasks of an opened batch, each wanting `redundancy` different workers. Released
    again with an `added_redundancy`, each wants so many workers more than when it was released.
    """

    batch_id: BatchId
    chunk: int
    redundancy: int
    task_ids: tuple[TaskId, ...]
    added_redundancy: int | None = None


@event(
    "task.tasks.marked.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={"batch_id": ex.BATCH, "task_ids": [ex.TASK], "known": True},
)
@dataclass(frozen=True)
class TasksMarked(Event):
    """The right answers of these released tasks are known to their requester (gold), or are not any
    more. They are given out by a schedule; nothing that a worker sees tells of it.
    """

    batch_id: BatchId
    task_ids: tuple[TaskId, ...]
    known: bool


@event(
    "task.batch.grown.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        "batch_id": ex.BATCH,
        "requester_id": ex.REQUESTER,
        "revision": 2,
        "reward": ex.FIVE_CENTS,
        "task_count": 120,
        "redundancy": 4,
        "grown_at": ex.INSTANT,
    },
)
@dataclass(frozen=True)
class BatchGrown(Event):
    """The batch has so many tasks now, with so many answers each, and whatever is not accepted yet
    pays this reward. All of it is funded, and none of it is less than before.
    """

    batch_id: BatchId
    requester_id: RequesterId
    revision: int
    reward: Money
    task_count: int
    redundancy: int
    grown_at: datetime


@event(
    "task.batch.audience_changed.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        "batch_id": ex.BATCH,
        "pseudonym": ex.PSEUDONYM,
        "excluded": True,
        "changed_at": ex.INSTANT,
    },
)
@dataclass(frozen=True)
class BatchAudienceChanged(Event):
    """Its requester excluded a worker, or let one in again: no new claims by him, or such as by
    anybody; work in hand goes on. It may come before the batch is opened.
    """

    batch_id: BatchId
    pseudonym: Pseudonym
    excluded: bool
    changed_at: datetime


@event(
    "task.batch.paused.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={"batch_id": ex.BATCH},
)
@dataclass(frozen=True)
class BatchPaused(Event):
    """No new claims until the batch is resumed; work in hand goes on."""

    batch_id: BatchId


@event(
    "task.batch.resumed.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={"batch_id": ex.BATCH},
)
@dataclass(frozen=True)
class BatchResumed(Event):
    """Claims are possible again."""

    batch_id: BatchId


@event(
    "task.batch.cancelled.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={"batch_id": ex.BATCH, "cancelled_at": ex.INSTANT},
)
@dataclass(frozen=True)
class BatchCancelled(Event):
    """No new claims for good. Open slots are withdrawn; claimed and submitted ones are honoured."""

    batch_id: BatchId
    cancelled_at: datetime


@event(
    "task.batch.completed.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={"batch_id": ex.BATCH, "requester_id": ex.REQUESTER, "completed_at": ex.INSTANT},
)
@dataclass(frozen=True)
class BatchCompleted(Event):
    """Every slot is decided or withdrawn: what is still reserved goes back to the wallet."""

    batch_id: BatchId
    requester_id: RequesterId
    completed_at: datetime


@event(
    "task.batch.totals.v1",
    owner=OWNER,
    topic=TOPIC,
    key="batch_id",
    example={
        "batch_id": ex.BATCH,
        "on": "2026-11-23",
        "accepted_count": 120,
        "overturned_count": 1,
        "rewards": {"amount_minor": 600, "currency": "USD"},
        "as_of": ex.INSTANT,
        "slot_count": 500,
        "unsettled_slot_count": 372,
    },
)
@dataclass(frozen=True)
class BatchTotals(Event):
    """Control totals of one batch and day, as far as it had come at `as_of`: how many submissions
    were accepted, and what they earn at the reward in force; beside them, how many were accepted
    after a rejection. Whatever they count was told before, in order. The newest of a day stands.

    `slot_count` are all slots of the batch, and `unsettled_slot_count` those of them that at
    `as_of` were neither accepted nor closed by a rejection: what is reserved must be for these,
    less what matching-service withdrew.
    """

    batch_id: BatchId
    on: str
    accepted_count: int
    overturned_count: int
    rewards: Money
    as_of: datetime
    slot_count: int | None = None
    unsettled_slot_count: int | None = None


@event(
    "task.log.advanced.v1",
    owner=OWNER,
    topic=TOPIC,
    key="as_of",
    example={"as_of": ex.INSTANT},
)
@dataclass(frozen=True)
class LogAdvanced(Event):
    """The event-time watermark, written to every partition by the relay, never by the outbox:
    whatever task-service committed before `as_of` stands ahead of this record.
    """

    as_of: datetime
