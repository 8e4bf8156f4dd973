"""A requester writes to a worker who answered: told by pseudonym, found by the newest answer."""

from crowdloom.contracts.task import TalkAnswered
from crowdloom.kernel import Clock, IdFactory
from crowdloom.kernel.errors import NotFound
from crowdloom.kernel.ids import Pseudonym, RequesterId

from task_service.application.ports import Session, Store
from task_service.domain.letters import LETTERS_MAX, LETTERS_WINDOW, Letter, LettersStopped
from task_service.domain.talk import TooManyMessages, checked_text


class WriteToWorker:
    def __init__(self, *, store: Store, clock: Clock, ids: IdFactory) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    def __call__(self, requester_id: RequesterId, pseudonym: Pseudonym, text: str) -> Letter:
        """Raises InvalidInput, NotFound where no such worker has answered, TooManyMessages,
        LettersStopped.
        """
        words, now = checked_text(text), self._clock.now()
        letter_id = self._ids.new("message")

        def work(session: Session) -> Letter:
            answer = session.submissions.newest_of(requester_id, pseudonym)
            if answer is None:
                raise NotFound("No such worker has answered you", pseudonym=pseudonym)
            if session.letters.is_stopped(requester_id):
                raise LettersStopped("Workers reported your letters; an operator stopped them")
            since = now - LETTERS_WINDOW
            if session.letters.count_since(requester_id, pseudonym, since) >= LETTERS_MAX:
                raise TooManyMessages(
                    "You wrote to this worker often within a day", count_max=LETTERS_MAX
                )
            letter = Letter(
                letter_id=letter_id,
                requester_id=requester_id,
                pseudonym=pseudonym,
                assignment_id=answer.assignment_id,
                batch_id=answer.batch_id,
                text=words,
                said_at=now,
            )
            session.letters.add(letter)
            session.emit(_told(letter))
            return letter

        return self._store.run(work)


def _told(letter: Letter) -> TalkAnswered:
    return TalkAnswered(
        message_id=letter.letter_id,
        assignment_id=letter.assignment_id,
        batch_id=letter.batch_id,
        question="",
        answer=letter.text,
        answered_at=letter.said_at,
    )
