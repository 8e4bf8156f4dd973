"""Letters that a worker reported: worker-service tells of them, an operator looks at them."""

from collections.abc import Sequence

from crowdloom.contracts import Envelope
from crowdloom.contracts.worker import LetterReported
from crowdloom.kernel import Clock, PoisonMessage
from crowdloom.kernel.errors import NotFound

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

    def close(self, letter_id: str, *, by: str) -> None:
        """It was looked at; once is enough. Raises NotFound."""
        now = self._clock.now()
        if not self._store.run(lambda session: session.letters.note_judged(letter_id, now, by)):
            raise NotFound("There is no such report", letter_id=letter_id)
