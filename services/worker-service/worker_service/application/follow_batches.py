"""Batch cards follow what task-service and matching-service say about batches."""

from crowdloom.contracts import Envelope
from crowdloom.contracts.matching import BatchProgressed
from crowdloom.contracts.task import (
    BatchCancelled,
    BatchCompleted,
    BatchGrown,
    BatchOpened,
    BatchPaused,
    BatchResumed,
    TasksReleased,
)

from worker_service.application.ports import Session
from worker_service.application.translate import growth_of, terms_of
from worker_service.domain.batches import BatchCard

BatchEvent = (
    BatchOpened
    | BatchGrown
    | BatchPaused
    | BatchResumed
    | BatchCancelled
    | BatchCompleted
    | TasksReleased
    | BatchProgressed
)
_EVENTS = (
    BatchOpened,
    BatchGrown,
    BatchPaused,
    BatchResumed,
    BatchCancelled,
    BatchCompleted,
    TasksReleased,
    BatchProgressed,
)


def follow_batch(envelope: Envelope, session: Session) -> None:
    """Apply one event to the batch's card; an event that comes before BatchOpened is kept."""
    event = envelope.event
    if not isinstance(event, _EVENTS):
        raise TypeError(f"{type(event).__name__} says nothing about a batch")
    before = session.batches.get(event.batch_id) or BatchCard(event.batch_id)
    after = _changed(before, envelope.event_id, event)
    if after != before:
        session.batches.put(after)


def _changed(card: BatchCard, event_id: str, event: BatchEvent) -> BatchCard:
    match event:
        case BatchOpened():
            after = card.opened(terms_of(event))
        case BatchGrown():
            after = card.grown(growth_of(event))
        case BatchPaused():
            after = card.switched(event_id, paused=True)
        case BatchResumed():
            after = card.switched(event_id, paused=False)
        case BatchCancelled():
            after = card.closed(cancelled=True)
        case BatchCompleted():
            after = card.closed(completed=True)
        case TasksReleased():
            after = card.released(event.chunk, len(event.task_ids) * event.redundancy)
        case BatchProgressed():
            after = card.progressed(event.open_slot_count, event.counted_at)
    return after
