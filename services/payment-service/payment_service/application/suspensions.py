"""Suspending a worker: by one person at once, lifted by two."""

from crowdloom.chassis.store import Store
from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import StaffId, WorkerId

from payment_service.application.approvals import ApprovalKind, Payload, Prepared
from payment_service.application.ports import Session
from payment_service.domain.approvals import Approval, stated
from payment_service.domain.suspensions import AlreadySuspended, Suspension, SuspensionLifted


class SuspendWorker:
    """No run takes the worker, and what is approved already fails before anything is reserved."""

    def __init__(self, store: Store[Session], *, clock: Clock, ids: IdFactory) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    def __call__(self, who: StaffId, worker_id: WorkerId, *, reason: str) -> Suspension:
        """Raises ReasonMissing, NotFound for a worker without earnings, AlreadySuspended."""
        reason = stated(reason)

        def work(session: Session) -> Suspension:
            if session.suspensions.of_worker(worker_id) is not None:
                raise AlreadySuspended("This worker is suspended already")
            known = session.payees.get(worker_id) is not None
            if not known and not session.assignments.settled_count(worker_id):
                raise NotFound("There is no such payee")
            placed = Suspension(
                suspension_id=self._ids.new("suspension"),
                worker_id=worker_id,
                reason=reason,
                placed_by=who,
                placed_at=self._clock.now(),
            )
            session.suspensions.add(placed)
            session.audit.note(
                who=who,
                what="worker.suspend",
                subject=worker_id,
                before={"suspended": False},
                after={"suspended": True},
                suspension=placed.suspension_id,
                reason=placed.reason,
            )
            return placed

        return self._store.run(work)


def suspension_lift(clock: Clock) -> ApprovalKind:
    """The proposal's payload is `{"suspension_id"}`."""

    def prepare(session: Session, payload: Payload) -> Prepared:
        standing = _standing(session, str(payload.get("suspension_id", "")))
        return Prepared(
            subject=standing.worker_id,
            payload={"suspension_id": standing.suspension_id, "reason": standing.reason},
        )

    def carry_out(session: Session, approval: Approval) -> None:
        standing = _standing(session, approval.payload["suspension_id"])
        session.suspensions.lift(standing.suspension_id, clock.now())
        session.audit.note(
            who=approval.decided_by or approval.made_by,
            what="worker.reinstate",
            subject=standing.worker_id,
            before={"suspended": True},
            after={"suspended": False},
            suspension=standing.suspension_id,
            reason=approval.reason,
        )

    return ApprovalKind(prepare, carry_out)


def _standing(session: Session, suspension_id: str) -> Suspension:
    found = session.suspensions.get(suspension_id)
    if found is None:
        raise NotFound("There is no such suspension")
    if found.lifted_at is not None:
        raise SuspensionLifted("It was lifted before")
    return found
