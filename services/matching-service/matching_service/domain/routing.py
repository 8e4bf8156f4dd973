"""Which batch a worker who asks for anything is given: an explainable order, cheapest first.

Batches near their end come first, so that requesters get whole results; among the others the one
that was served longest ago, so that a large batch cannot crowd out a small one. Tasks are
not chosen by uncertainty: measured, it gains nothing over chance.
"""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from matching_service.domain.batches import Batch, BatchStatus

NEARLY_DONE_SHARE = 0.1
STARVING_AFTER = timedelta(minutes=5)
_NEVER = datetime.min.replace(tzinfo=UTC)


def in_order_of_need(batches: Iterable[Batch], randomness: random.Random) -> list[Batch]:
    """Sort by need; ties are broken by chance, so that all are served in the end."""
    return sorted(batches, key=lambda batch: (*_need(batch), randomness.random()))


def _need(batch: Batch) -> tuple[bool, datetime]:
    slots = batch.task_count * batch.redundancy
    left = batch.open_slot_count
    nearly_done = left is not None and 0 < left <= slots * NEARLY_DONE_SHARE
    return not nearly_done, batch.served_at or _NEVER


def is_starving(batch: Batch, now: datetime) -> bool:
    """Whether the batch has open slots that nobody has asked for in a while, and nobody works."""
    if batch.status is not BatchStatus.OPEN or not batch.open_slot_count:
        return False
    return (
        not batch.leased_slot_count and now - (batch.served_at or batch.opened_at) > STARVING_AFTER
    )
