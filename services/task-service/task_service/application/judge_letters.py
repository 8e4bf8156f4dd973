"""Letters that a worker reported: worker-service tells of them, an operator looks at them."""

from collections.abc import Sequence

from crowdloom.contracts import Envelope
from crowdloom.contracts.worker import LetterReported
from crowdloom.kernel import Clock, PoisonMessage
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import RequesterId

from task_service.application.ports import Reader, Session, Store
from task_service.domain.letters import Letter

JUDGED_MAX = 200


def follow_letter(envelope: Envelope, session: Session) -> None:
    """The event names the letter and an assignment, and nobody."""
    event = envelope.of(LetterReported)
    if not session.letters.note_report(event.message_id, event.reason, event.reported_at):
        raise PoisonMessage(f"{event.message_id} is no letter")


class JudgeLetters:
    def __init__(self, *, store: Store, reader: Reader, clock: Clock) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock

    def waiting(self) -> Sequence[Letter]:
        """Reported and not looked at, the oldest report first."""
        return self._reader.letters.reported(JUDGED_MAX)

    def stopped(self) -> Sequence[RequesterId]:
        """Who writes no more letters, until that is taken back."""
        return self._reader.letters.stopped(JUDGED_MAX)

    def close(self, letter_id: str, *, by: str, stop: bool = False) -> None:
        """It was looked at; once is enough. With `stop` its requester writes no more of them.
        Raises NotFound.
        """
        now = self._clock.now()

        def work(session: Session) -> None:
            requester_id = session.letters.note_judged(letter_id, now, by)
            if requester_id is None:
                raise NotFound("There is no such report", letter_id=letter_id)
            if stop:
                session.letters.stop(requester_id, now, by)

        self._store.run(work)

    def allow(self, requester_id: RequesterId) -> None:
        """The requester may write again."""
        self._store.run(lambda session: session.letters.allow(requester_id))
