"""Requesters make qualifications, and give and take them by hand; task-service tells."""

from crowdloom.contracts import Envelope
from crowdloom.contracts.task import QualificationDefined, RequesterGranted, RequesterRevoked
from crowdloom.kernel import TransientError
from crowdloom.kernel.answer_keys import read_answer_key
from crowdloom.kernel.ids import AssignmentId, WorkerId

from worker_service.application.granting import grant, take_back
from worker_service.application.ports import Session
from worker_service.domain.qualifications import GrantedBy, Held, Qualification, Question, Test


def follow_qualification(envelope: Envelope, session: Session) -> None:
    """Apply one event. A grant names an assignment; its claim comes over another topic, so until
    it has been heard of the event waits.
    """
    match envelope.event:
        case QualificationDefined() as event:
            session.qualifications.put(_defined(event))
        case RequesterGranted() as event:
            worker_id = _holder(session, event.assignment_id)
            # Of a closed account nothing is kept.
            if worker_id and session.workers.get(worker_id):
                _grant(session, event, worker_id)
        case RequesterRevoked() as event:
            worker_id = _holder(session, event.assignment_id)
            held = session.held.get(worker_id, event.qualification_id)
            take_back(session, held, event.revoked_at, event.reason)
        case other:
            raise TypeError(f"{type(other).__name__} says nothing about a qualification")


def _grant(session: Session, event: RequesterGranted, worker_id: WorkerId) -> None:
    known = session.qualifications.get(event.qualification_id)
    ends_at = known.ends_at(event.granted_at) if known else None
    grant(
        session,
        Held(worker_id, event.qualification_id, GrantedBy.REQUESTER, event.granted_at, ends_at),
    )


def _holder(session: Session, assignment_id: AssignmentId) -> WorkerId:
    item = session.work_items.get(assignment_id)
    if item is None or item.worker_id is None:
        raise TransientError(f"the claim of {assignment_id} has not been heard of yet")
    return item.worker_id


def _defined(event: QualificationDefined) -> Qualification:
    return Qualification(
        code=event.qualification_id,
        name=event.name,
        description=event.description,
        test=_test(event),
        valid_days=event.valid_days,
        requester_id=event.requester_id,
        requester_name=event.requester_name,
        closed=event.closed,
    )


def _test(event: QualificationDefined) -> Test | None:
    if not event.questions or event.answer_key is None:
        return None
    return Test(
        questions=tuple(
            Question(one.name, one.text, tuple(one.choices)) for one in event.questions
        ),
        key=read_answer_key(event.answer_key),
        pass_percent=event.pass_percent,
        tries_max=event.tries_max,
        wait_seconds=event.wait_seconds,
    )
