"""Pools: a batch's tasks in handfuls, so that a claim looks at a few and never at the backlog.

Tasks arrive in chunks of at most 500; each chunk is dealt into pools of at most 32. Workers who ask
at the same time start at pools drawn by chance, so that they do not reach for the same document.
Tasks whose answer is known are dealt into pools of their own besides.
"""

import random
from collections.abc import Iterator, Mapping, Sequence

from crowdloom.kernel.ids import BatchId, TaskId

POOL_TASKS_MAX = 32


def pool_count(task_count: int) -> int:
    """Pools that a chunk of so many tasks is dealt into."""
    return -(-task_count // POOL_TASKS_MAX)


def dealt(
    batch_id: BatchId, chunk: int, task_ids: Sequence[TaskId]
) -> Iterator[tuple[TaskId, str]]:
    """Each task of the chunk with the name of its pool."""
    for position, task_id in enumerate(task_ids):
        yield task_id, _name(batch_id, chunk, position // POOL_TASKS_MAX)


def dealt_known(
    batch_id: BatchId, before: int, task_ids: Sequence[TaskId]
) -> Iterator[tuple[TaskId, str]]:
    """Each known task with the name of its second pool; `before` were dealt so far."""
    for number, task_id in enumerate(task_ids, start=before):
        yield task_id, _known_name(batch_id, number // POOL_TASKS_MAX)


def drawn_known(
    batch_id: BatchId, known_count: int, count: int, randomness: random.Random
) -> list[str]:
    """At most `count` different pools of known tasks, by chance."""
    total = pool_count(known_count)
    chosen = randomness.sample(range(total), min(count, total))
    return [_known_name(batch_id, number) for number in chosen]


def drawn(
    batch_id: BatchId, pool_counts: Mapping[int, int], count: int, randomness: random.Random
) -> list[str]:
    """At most `count` different pools of the batch, by chance. `pool_counts` is by chunk."""
    total = sum(pool_counts.values())
    chosen = randomness.sample(range(total), min(count, total))
    return [_nth(batch_id, pool_counts, position) for position in chosen]


def _nth(batch_id: BatchId, pool_counts: Mapping[int, int], position: int) -> str:
    for chunk, count in pool_counts.items():
        if position < count:
            return _name(batch_id, chunk, position)
        position -= count
    raise IndexError(position)


def _known_name(batch_id: BatchId, number: int) -> str:
    return f"{batch_id}:known:{number}"


def _name(batch_id: BatchId, chunk: int, number: int) -> str:
    return f"{batch_id}:{chunk}:{number}"
