"""When a batch starves."""

from datetime import datetime, timedelta

from matching_service.domain.batches import Batch, BatchStatus

STARVING_AFTER = timedelta(minutes=5)


def is_starving(batch: Batch, now: datetime) -> bool:
    """Whether the batch has open slots that nobody has asked for in a while, and nobody works."""
    if batch.status is not BatchStatus.OPEN or not batch.open_slot_count:
        return False
    return (
        not batch.leased_slot_count and now - (batch.served_at or batch.opened_at) > STARVING_AFTER
    )
