"""A worker contests a rejection and follows what becomes of it."""

from collections.abc import Mapping, Sequence

from crowdloom.kernel import Clock
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import AssignmentId, WorkerId

from worker_service.application.ports import Readers, Session, Store
from worker_service.application.translate import appeal_opened
from worker_service.domain.appeals import Appeal, Contest, Side, appeal_of, contest_of
from worker_service.domain.work_items import Status, WorkItem


class AppealRejection:
    def __init__(self, store: Store[Session], readers: Readers, clock: Clock) -> None:
        self._store = store
        self._readers = readers
        self._clock = clock

    def open(self, worker_id: WorkerId, assignment_id: AssignmentId, statement: str) -> Appeal:
        """Opening what is open already returns it as it is: there is one per assignment. Raises
        NotFound (another worker's as well), NotRejected, TooLateToAppeal, InvalidInput.
        """

        def work(session: Session) -> Appeal:
            known = session.appeals.get(assignment_id)
            if known is not None:
                return _own(known, worker_id, assignment_id)
            item = session.work_items.get(assignment_id)
            if item is None or item.worker_id != worker_id:
                raise NotFound("There is no such assignment", assignment_id=assignment_id)
            appeal = appeal_of(item, worker_id, statement=statement, now=self._clock.now())
            session.appeals.put(appeal)
            session.work_items.count_again(assignment_id)
            session.emit(appeal_opened(appeal))
            return appeal

        return self._store.run(work)

    def say(self, worker_id: WorkerId, assignment_id: AssignmentId, text: str) -> Appeal:
        """Raises NotFound, AppealOver, InvalidInput."""

        def work(session: Session) -> Appeal:
            known = _own(session.appeals.get(assignment_id), worker_id, assignment_id)
            appeal = known.with_message(Side.WORKER, text, self._clock.now())
            session.appeals.put(appeal)
            return appeal

        return self._store.run(work)

    def show(self, worker_id: WorkerId, assignment_id: AssignmentId) -> Appeal:
        """Raises NotFound, for another worker's as well."""
        return _own(self._readers.appeals.get(assignment_id), worker_id, assignment_id)

    def contests(
        self, worker_id: WorkerId, items: Sequence[WorkItem]
    ) -> Mapping[AssignmentId, Contest]:
        """How those of the worker's items that were rejected can be, are, or were contested."""
        now = self._clock.now()
        # What an appeal overturned is accepted by now.
        decided = [item.assignment_id for item in items if item.status.rank >= Status.REJECTED.rank]
        appeals = self._readers.appeals.many(decided)
        found = {}
        for item in items:
            appeal = appeals.get(item.assignment_id)
            own = appeal if appeal is not None and appeal.worker_id == worker_id else None
            if contest := contest_of(item, own, now):
                found[item.assignment_id] = contest
        return found

    def asked(self, worker_id: WorkerId) -> Sequence[Appeal]:
        """Open appeals in which the reviewer spoke last, the first to be decided first."""
        own = self._readers.appeals.of_worker(worker_id)
        return sorted((one for one in own if one.is_asked), key=lambda one: one.decide_by)

    def find(self, worker_id: WorkerId, assignment_id: AssignmentId) -> Appeal | None:
        """The same, None where there is none."""
        found = self._readers.appeals.get(assignment_id)
        return found if found is not None and found.worker_id == worker_id else None


def _own(appeal: Appeal | None, worker_id: WorkerId, assignment_id: AssignmentId) -> Appeal:
    if appeal is None or appeal.worker_id != worker_id:
        raise NotFound("There is no such appeal", assignment_id=assignment_id)
    return appeal
