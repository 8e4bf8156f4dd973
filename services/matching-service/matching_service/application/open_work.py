"""What a web process keeps in mind between claims: open batches, profiles, tasks worth trying.

Nothing here decides anything. The claim's one conditional write does; what is kept spares it the
reads before, so that what a claim costs does not grow with the open batches and tasks.
"""

import random
import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from crowdloom.chassis.kept import Kept
from crowdloom.kernel import Clock
from crowdloom.kernel.ids import BatchId, RequesterId, TaskId, WorkerId

from matching_service.application.ports import Reader
from matching_service.application.task_ports import OpenTask
from matching_service.domain.batches import Batch, BatchStatus
from matching_service.domain.known_items import are_held_back
from matching_service.domain.policy import Policy, parts_of
from matching_service.domain.pools import drawn, drawn_known
from matching_service.domain.requirements import WorkerProfile

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")

KEPT = timedelta(seconds=1)
"""How old a batch or profile may be: a claim right after a pause is like one right before it."""
_POLICY_KEPT = 10
"""A person changes it now and then: it may be older than what requesters say, by so many times."""
_POOLS_KEPT = 30
"""They only become more, and what is not among them yet is found by the index over open slots."""
_POOL_COUNTS_KEPT_MAX = 100
_BATCHES_KEPT_MAX = 1_000
_WORKERS_KEPT_MAX = 20_000
_SHELF_TASKS_MAX = 96
_POOLS_TRIED_MAX = 4
_KNOWN_POOLS_TRIED_MAX = 2
_LAST_CANDIDATES_MAX = 64
_SERVED_TOLD_EVERY = timedelta(seconds=10)
"""A sixth of the time by which the score of a batch that waits grows by half."""


class OpenWork:
    """For many threads. `kept` is how long batches and profiles are believed: none reads always."""

    def __init__(
        self, *, reader: Reader, clock: Clock, randomness: random.Random, kept: timedelta = KEPT
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._random = randomness
        self._policies: Kept[str, Policy] = Kept(
            clock=clock, age_max=kept * _POLICY_KEPT, count_max=1
        )
        self._lists: Kept[str, list[Batch]] = Kept(clock=clock, age_max=kept, count_max=1)
        self._batches: Kept[BatchId, Batch | None] = Kept(
            clock=clock, age_max=kept, count_max=_BATCHES_KEPT_MAX
        )
        self._pool_counts: Kept[tuple[BatchId, int], Mapping[int, int]] = Kept(
            clock=clock, age_max=kept * _POOLS_KEPT, count_max=_POOL_COUNTS_KEPT_MAX
        )
        self._profiles: Kept[WorkerId, WorkerProfile] = Kept(
            clock=clock, age_max=kept, count_max=_WORKERS_KEPT_MAX
        )
        self._shelves: OrderedDict[BatchId, OrderedDict[TaskId, OpenTask]] = OrderedDict()
        self._served: OrderedDict[BatchId, datetime] = OrderedDict()
        self._served_told: OrderedDict[BatchId, datetime] = OrderedDict()
        self._places: OrderedDict[WorkerId, int] = OrderedDict()
        self._full: OrderedDict[WorkerId, None] = OrderedDict()
        self._lock = threading.Lock()

    def ranked(self) -> list[Batch]:
        """Every open batch, by the policy's score of what does not depend on the worker."""
        return self._lists.get("open", self._rank)

    def policy(self) -> Policy:
        return self._policies.get("policy", lambda: self._reader.policies.current().policy)

    def _rank(self) -> list[Batch]:
        now, policy = self._clock.now(), self.policy()
        with self._lock:
            served = dict(self._served)
        found = [
            replace(batch, served_at=served.get(batch.batch_id, batch.served_at))
            for batch in self._reader.batches.with_status(BatchStatus.OPEN)
        ]
        found = _with_requesters(found)
        return sorted(found, key=lambda batch: -policy.score(parts_of(batch, now)))

    def batch(self, batch_id: BatchId) -> Batch | None:
        return self._batches.get(batch_id, lambda: self._reader.batches.get(batch_id))

    def profile(self, worker_id: WorkerId) -> WorkerProfile:
        return self._profiles.get(worker_id, lambda: self._reader.workers.get(worker_id))

    def place_for(self, worker_id: WorkerId) -> int:
        """A place for a lease that is likely free: the one this process gave longest ago."""
        held_max = self.policy().held_max
        with self._lock:
            last = self._places.get(worker_id)
            if last is None:
                last = self._random.randrange(held_max)
            place = (last + 1) % held_max
            _remembered(self._places, worker_id, place, _WORKERS_KEPT_MAX)
        return place

    def note_places(self, worker_id: WorkerId, last: int | None) -> None:
        """The worker was seen to have a place free after `last` or, where None, none at all."""
        with self._lock:
            if last is None:
                _remembered(self._full, worker_id, None, _WORKERS_KEPT_MAX)
                return
            self._full.pop(worker_id, None)
            _remembered(self._places, worker_id, last, _WORKERS_KEPT_MAX)

    def was_full(self, worker_id: WorkerId) -> bool:
        """Whether he had no place left when last seen; whoever asks again most likely has none."""
        with self._lock:
            return worker_id in self._full

    def candidates(
        self, batch: Batch, worker_id: WorkerId, *, known: bool = False
    ) -> Iterator[OpenTask]:
        """Some tasks worth trying, each given to one asker of this process at a time: from the
        shelf, which pools drawn by chance fill again. Where these have nothing, there is little
        left for this worker, and it is looked for by the index over open slots. Before these, some
        whose answers are known, where `known` ones are wanted.
        """
        tasks, batch_id = self._reader.tasks, batch.batch_id
        if known:
            yield from self._known(batch, worker_id)
        yield from self._shelved(batch_id, worker_id)
        for pool in drawn(batch_id, self._pools_of(batch), _POOLS_TRIED_MAX, self._random):
            found = _without_held_back(tasks.in_pool(pool, worker_id))
            self._random.shuffle(found)
            self._put_up(batch_id, found)
            yield from self._shelved(batch_id, worker_id)
        last = tasks.anywhere(batch_id, worker_id, _LAST_CANDIDATES_MAX)
        self._random.shuffle(last)
        yield from last

    def _pools_of(self, batch: Batch) -> Mapping[int, int]:
        """Read again once more chunks were heard of: of a million tasks there are two thousand."""
        return self._pool_counts.get(
            (batch.batch_id, batch.chunks_heard),
            lambda: self._reader.batches.pool_counts(batch.batch_id),
        )

    def _known(self, batch: Batch, worker_id: WorkerId) -> Iterator[OpenTask]:
        pools = drawn_known(batch.batch_id, batch.known_count, _KNOWN_POOLS_TRIED_MAX, self._random)
        for pool in pools:
            found = self._reader.tasks.in_known_pool(pool, worker_id)
            self._random.shuffle(found)
            yield from found

    def has_any(self, batch: Batch, worker_id: WorkerId) -> bool:
        """Whether a claim of the batch would find a task, as the database has it now."""
        tasks = self._reader.tasks
        counts = self._reader.batches.pool_counts(batch.batch_id)
        pools = drawn(batch.batch_id, counts, _POOLS_TRIED_MAX, self._random)
        some = any(tasks.in_pool(pool, worker_id) for pool in pools)
        return some or bool(tasks.anywhere(batch.batch_id, worker_id, 1))

    def note_taken(self, batch_id: BatchId, task: OpenTask, worker_id: WorkerId) -> None:
        """The worker got a slot of the task: offer what is left of it to others, but for what the
        schedule of known ones gives.
        """
        if task.open_count > 1 and not task.known:
            left = OpenTask(task.task_id, task.open_count - 1, task.workers | {worker_id})
            self._put_up(batch_id, [left])

    def note_served(self, batch: Batch, now: datetime) -> None:
        """This process knows at once, the others every some seconds: enough to be fair, and it
        spares most claims a write and the batch being written by all.
        """
        with self._lock:
            told = self._served_told.get(batch.batch_id) or batch.served_at
            _remembered(self._served, batch.batch_id, now, _BATCHES_KEPT_MAX)
            if told is not None and now - told < _SERVED_TOLD_EVERY:
                return
            _remembered(self._served_told, batch.batch_id, now, _BATCHES_KEPT_MAX)
        self._reader.batches.note_served(batch.batch_id, now)

    def _shelved(self, batch_id: BatchId, worker_id: WorkerId) -> Iterator[OpenTask]:
        while (task := self._take_down(batch_id, worker_id)) is not None:
            yield task
            # It was gone, or nobody would ask for another: the rest is likely as old.
            with self._lock:
                self._shelves.pop(batch_id, None)

    def _take_down(self, batch_id: BatchId, worker_id: WorkerId) -> OpenTask | None:
        with self._lock:
            shelf: Mapping[TaskId, OpenTask] = self._shelves.get(batch_id, {})
            fitting = (one for one in shelf.values() if worker_id not in one.workers)
            task = next(fitting, None)
            if task is not None:
                del self._shelves[batch_id][task.task_id]
            return task

    def _put_up(self, batch_id: BatchId, tasks: Sequence[OpenTask]) -> None:
        with self._lock:
            shelf = self._shelves.get(batch_id)
            if shelf is None:
                shelf = OrderedDict()
            _remembered(self._shelves, batch_id, shelf, _BATCHES_KEPT_MAX)
            for task in tasks:
                _remembered(shelf, task.task_id, task, _SHELF_TASKS_MAX)


def _without_held_back(tasks: list[OpenTask]) -> list[OpenTask]:
    held_back = are_held_back([task.known for task in tasks])
    return [task for task in tasks if not (held_back and task.known)]


def _with_requesters(batches: Sequence[Batch]) -> list[Batch]:
    """Each with when anything of its requester was served last."""
    served: dict[RequesterId, datetime] = {}
    for one in batches:
        if one.served_at is not None:
            before = served.get(one.requester_id, one.served_at)
            served[one.requester_id] = max(before, one.served_at)
    return [replace(one, requester_served_at=served.get(one.requester_id)) for one in batches]


def _remembered(kept: OrderedDict[KeyT, ValueT], key: KeyT, value: ValueT, count_max: int) -> None:
    """Put it in as the newest, in place of the oldest where there are too many."""
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > count_max:
        kept.popitem(last=False)
