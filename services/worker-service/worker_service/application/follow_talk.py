"""What requesters answer to a worker's questions is kept for whoever asked; task-service tells."""

from crowdloom.contracts import Envelope
from crowdloom.contracts.task import TalkAnswered
from crowdloom.kernel import TransientError

from worker_service.application.ports import Session
from worker_service.application.talk_ports import TalkAnswer


def follow_talk(envelope: Envelope, session: Session) -> None:
    """The event names an assignment, whose claim comes over another topic: until then it waits. Of
    a closed account nothing is kept.
    """
    event = envelope.of(TalkAnswered)
    item = session.work_items.get(event.assignment_id)
    if item is None or item.worker_id is None:
        raise TransientError(f"the claim of {event.assignment_id} has not been heard of yet")
    if session.workers.get(item.worker_id) is None:
        return
    session.talk_answers.put(
        TalkAnswer(
            message_id=event.message_id,
            worker_id=item.worker_id,
            assignment_id=event.assignment_id,
            batch_id=event.batch_id,
            question=event.question,
            answer=event.answer,
            answered_at=event.answered_at,
        )
    )
