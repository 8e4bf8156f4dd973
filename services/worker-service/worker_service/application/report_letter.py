"""A worker reports what a requester wrote to them alone; an operator of task-service looks."""

from crowdloom.contracts.worker import LetterReported
from crowdloom.kernel import Clock
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import WorkerId

from worker_service.application.ports import Session, Store
from worker_service.domain.appeals import checked_words


class ReportLetter:
    def __init__(self, store: Store[Session], clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def __call__(self, worker_id: WorkerId, message_id: str, reason: str) -> None:
        """The first report counts. Raises InvalidInput, NotFound for what nobody wrote to this
        worker, and for answers, which are reported where everybody reads them.
        """
        said, now = checked_words(reason, "reason"), self._clock.now()

        def work(session: Session) -> None:
            letter = session.talk_answers.get(message_id)
            if letter is None or letter.worker_id != worker_id or not letter.is_letter:
                raise NotFound("There is no such letter", message_id=message_id)
            if not session.talk_answers.note_reported(message_id, now):
                return
            session.emit(
                LetterReported(
                    message_id=message_id,
                    assignment_id=letter.assignment_id,
                    reason=said,
                    reported_at=now,
                )
            )

        self._store.run(work)
