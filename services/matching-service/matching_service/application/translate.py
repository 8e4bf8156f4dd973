"""Between events and the domain: the only place that knows both."""

from crowdloom.contracts.task import BatchOpened

from matching_service.domain.batches import Batch, BatchStatus


def batch_of(event: BatchOpened) -> Batch:
    return Batch(
        batch_id=event.batch_id,
        requester_id=event.requester_id,
        requester_name=event.requester_name,
        title=event.title,
        description=event.description,
        language=event.language,
        reward=event.reward,
        task_count=event.task_count,
        redundancy=event.redundancy,
        lease_seconds=event.lease_seconds,
        status=BatchStatus.OPEN,
        opened_at=event.opened_at,
    )
